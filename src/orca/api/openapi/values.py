# SPDX-License-Identifier: Apache-2.0
"""JSON Schemas of field values: those shown, and those accepted, which are more (``"24"`` is a number too)."""

from __future__ import annotations

from typing import Any

from orca.resources.fields import UNSET, Field
from orca.resources.validation import BOOLEAN_WORDS, FRAME, MAX_INTEGER, MIN_INTEGER, WHOLE_NUMBER
from orca.resources.views import TypeView, View

Schema = dict[str, Any]

READ_ONLY: Schema = {"readOnly": True}
TEXT = frozenset({"string", "password", "multiline", "blob", "enum"})


def ref(name: str) -> Schema:
    """A schema of this document by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    type = schema.get("type")
    if type is None and "$ref" not in schema and "anyOf" not in schema:
        return schema
    if isinstance(type, str) and "enum" not in schema:
        return schema | {"type": [type, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def described(schema: Schema, field: Field) -> Schema:
    """With the field's words for people, and its default."""
    more: Schema = {}
    if field.description:
        more["description"] = field.description
    if field.default is not UNSET and field.default is not None:
        more["default"] = field.default
    return schema | more


# -- shown -------------------------------------------------------------------------------------------------------------


def shown(view: View, field: Field) -> Schema:
    """A field of an answer; null while it is not set."""
    return described(nullable(_shown(view, field.type)), field)


def _shown(view: View, type: str) -> Schema:
    if type in TEXT or type.startswith("reference["):
        return {"type": "string"}
    if type.startswith("array["):
        return {"type": "array", "items": nullable(_shown(view, type[6:-1]))}
    if type.startswith("map["):
        return {"type": "object", "additionalProperties": nullable(_shown(view, type[4:-1]))}
    if type in SHOWN:
        return dict(SHOWN[type])
    return ref(type) if type in view.types else {"type": "object"}


SHOWN: dict[str, Schema] = {
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date-time"},
    "json": {},
}


# -- accepted ----------------------------------------------------------------------------------------------------------


def accepted(view: View, field: Field) -> Schema:
    """A field of a request. One that is required is neither null nor empty, unless its default stands for that."""
    schema = _accepted(view, field, field.type)
    if field.default is not UNSET or (field.nullable and not field.required):
        schema = nullable(schema)
    return described(schema, field)


def _accepted(view: View, field: Field, type: str) -> Schema:
    if type in TEXT:
        return _text(field)
    if type.startswith("array["):
        # A single value stands for a list of one.
        each = _accepted(view, field, type[6:-1])
        return {"anyOf": [{"type": "array", "items": each} | ({"minItems": 1} if field.required else {}), each]}
    if type.startswith("map["):
        each = _accepted(view, field, type[4:-1])
        return {"type": "object", "additionalProperties": each if type == "map[string]" else nullable(each)}
    if type.startswith("reference["):
        return {"type": ["string", "integer"], "description": f"The id of a {type[10:-1]}"}
    if type == "int":
        lowest = MIN_INTEGER if field.min is None else field.min
        highest = MAX_INTEGER if field.max is None else field.max
        number = {"type": "integer", "minimum": lowest, "maximum": highest}
        return {"anyOf": [number, {"type": "string", "pattern": f"^({WHOLE_NUMBER}){'' if field.required else '?'}$"}]}
    if type == "boolean":
        return {"anyOf": [{"type": "boolean"}, {"enum": [0, 1, "", *BOOLEAN_WORDS]}]}
    if type == "date":
        return {"type": ["string", "integer"], "description": "ISO 8601, or milliseconds since 1970"}
    if type == "float":
        return {"type": ["number", "string"]}
    if type == "json":
        return {}
    return ref(f"{type}Input") if type in view.types else {"type": "object"}


def _text(field: Field) -> Schema:
    if field.options:
        return {"type": "string", "enum": list(field.options)}
    limits = {
        "minLength": field.min_length or (1 if field.required else None),
        "maxLength": field.max_length,
        "pattern": f"^({field.pattern})$" if field.pattern else None,
    }
    type = "string" if field.pattern else ["string", "number", "boolean"]
    return {"type": type} | {name: limit for name, limit in limits.items() if limit is not None}


def body(view: View, type: TypeView, letter: str, *, part: bool = False) -> Schema:
    """The body for creating (``c``) or changing (``u``) a resource. ``part``: see ``FieldView.taken``.

    Read-only fields may be sent back unchanged. Anything else is an error in ``/v2``.
    """
    fields = {
        name: each.field for name, each in sorted(type.fields.items()) if each.taken(letter, view.role, part=part)
    }
    moments = {f"{name}TS" for name, each in type.fields.items() if each.field.type == "date"}
    shown = dict.fromkeys(sorted({*FRAME, *type.fields, *moments} - fields.keys()), READ_ONLY)
    taken = {name: accepted(view, field) for name, field in fields.items()}
    schema: Schema = {"type": "object", "properties": shown | taken}
    if view.version != "v1":
        schema["additionalProperties"] = False
    required = [name for name, field in fields.items() if field.required and field.default is UNSET]
    if letter == "c" and required:
        schema["required"] = required
    return schema
