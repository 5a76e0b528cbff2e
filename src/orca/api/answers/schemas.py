# SPDX-License-Identifier: Apache-2.0
"""The schema documents: what types a role sees, their fields, methods, actions and filters.

Everything but the URLs is computed once per role and version.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from orca.resources.fields import UNSET, Field
from orca.resources.views import VERSIONS, FieldView, TypeView, View, view


def show(view: View, base: str) -> list[dict[str, Any]]:
    """All schemas of a role, with URLs."""
    return [with_urls(document, view.types[document["id"]], base) for document in documents(view.role, view.version)]


def with_urls(document: dict[str, Any], type: TypeView, base: str) -> dict[str, Any]:
    """Fill in the URLs."""
    return document | {"links": {"self": f"{base}/schemas/{type.name.lower()}", "collection": f"{base}/{type.path}"}}


@cache
def documents(role: str, version: str) -> tuple[dict[str, Any], ...]:
    """The schemas of a role without URLs, by name."""
    types = view(role, version).types
    documents = (document(types[name]) for name in sorted(types))
    if version == VERSIONS[0]:
        return tuple(documents)
    return tuple({**each, "idPrefix": types[each["id"]].type.prefix or None} for each in documents)


def document(type: TypeView) -> dict[str, Any]:
    """One schema."""
    collection_methods, resource_methods = type.stated_methods
    return {
        "id": type.name,
        "type": "schema",
        "links": {},
        "actions": {},
        "pluralName": type.type.plural,
        "resourceFields": {
            name: field_document(shown, type.stated(shown)) for name, shown in sorted(type.fields.items())
        },
        "resourceMethods": resource_methods,
        "resourceActions": {
            name: {"input": action.input, "output": action.output} for name, action in sorted(type.actions.items())
        },
        "collectionMethods": collection_methods,
        "collectionFields": {},
        "collectionActions": {
            name: {"input": action.input, "output": action.output}
            for name, action in sorted(type.collection_actions.items())
        },
        "collectionFilters": {name: {"modifiers": list(modifiers)} for name, modifiers in type.filters.items()},
        "includeableLinks": sorted(type.links),
    }


def field_document(shown: FieldView, letters: str) -> dict[str, Any]:
    """One field of a schema."""
    field = shown.field
    return {
        "type": field.type,
        "create": "c" in letters,
        "update": "u" in letters,
        "readOnCreateOnly": "o" in letters,
        "includeInList": True,
        "nullable": field.nullable,
        "required": field.required,
        "unique": False,
        "default": None if field.default is UNSET else field.default,
        "options": list(field.options) or None,
        **limits(field),
        "description": field.description,
    }


def limits(field: Field) -> dict[str, Any]:
    """The limits of a field's values."""
    return {
        "min": field.min,
        "max": field.max,
        "minLength": field.min_length,
        "maxLength": field.max_length,
        "validChars": field.valid_chars,
        "invalidChars": None,
    }
