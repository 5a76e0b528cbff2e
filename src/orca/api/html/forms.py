# SPDX-License-Identifier: Apache-2.0
"""Forms from declarations: what a person types for a field, and its meaning in JSON.

Lists are typed one value per line, maps as ``key=value`` lines, deeper values as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from orca.resources.errors import Refused
from orca.resources.fields import UNSET, Field
from orca.resources.views import FieldView, TypeView

SIMPLE = frozenset({"string", "enum", "int", "float", "password", "date"})
FIRST = ("name", "description")
"""Fields that everybody fills in come before the others."""
MASK = "********"


@dataclass(frozen=True, kw_only=True)
class Input:
    """One field of a form. ``widget``: text, number, password, select or area; ``was``: what it held (updates)."""

    name: str
    widget: str
    type: str
    value: str
    was: str | None = None
    required: bool = False
    options: tuple[str, ...] = ()
    default: str = ""
    description: str = ""
    hint: str = ""
    error: str = ""

    @property
    def rows(self) -> int:
        """Lines to show of an area."""
        return min(max(self.value.count("\n") + 1, 2), 16)


def inputs(
    type: TypeView,
    letter: str,
    *,
    current: Mapping[str, Any] | None = None,
    typed: Mapping[str, str] | None = None,
    error: Refused | None = None,
) -> list[Input]:
    """The inputs of a form: required ones first. ``typed``: a refused form's values, which are kept."""
    made = []
    for name, shown in type.fields.items():
        if letter not in shown.letters:
            continue
        was = text_of(shown.field, (current or {}).get(name))
        made.append(
            Input(
                name=name,
                widget=widget(shown.field),
                type=shown.field.type,
                value=(typed or {}).get(name, was),
                was=was if letter == "u" else None,
                required=shown.field.required and letter == "c",
                options=shown.field.options or (("true", "false") if shown.field.type == "boolean" else ()),
                default="" if shown.field.default is UNSET else text_of(shown.field, shown.field.default),
                description=shown.field.description or "",
                hint=hint(shown.field),
                error=error.message if error is not None and error.field == name else "",
            )
        )
    return sorted(made, key=lambda each: (not each.required, each.name != "name", each.name not in FIRST, each.name))


def widget(field: Field) -> str:
    """The widget for a value."""
    if (field.options and field.type == "enum") or field.type == "boolean":
        return "select"
    if field.type == "int":
        return "number"
    if field.type == "password":
        return "password"
    if field.type == "string" and field.max_length is not None:
        return "text"
    return "text" if field.type == "date" or field.reference else "area"


def hint(field: Field) -> str:
    """The hint for typing a value."""
    if field.reference:
        return f"id of a {field.reference}"
    if field.type == "date":
        return "2026-01-31T12:00:00Z"
    if field.type.startswith("array["):
        return (
            "one a line"
            if item_type(field) in SIMPLE or "reference" in field.type
            else f"JSON: [{{…}}] of {item_type(field)}"
        )
    if field.type.startswith("map[") and simple(field):
        return "key=value, one a line"
    if widget(field) == "area" and field.type not in ("string", "multiline", "blob"):
        return "JSON" if field.type == "json" else f"JSON of a {field.type}"
    return ""


def item_type(field: Field) -> str:
    """The type of a list's or map's items."""
    return field.type.partition("[")[2].removesuffix("]")


def simple(field: Field) -> bool:
    """True if a list or map is typed in lines."""
    return item_type(field) in SIMPLE or item_type(field).startswith("reference[")


def text_of(field: Field, value: Any) -> str:
    """A JSON value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and simple(field) and all(one_line(item) for item in value):
        return "\n".join(str(item) for item in value)
    if (
        isinstance(value, dict)
        and simple(field)
        and all(one_line(i) for i in value.values())
        and all(map(a_key, value))
    ):
        return "\n".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return str(value)


def one_line(item: Any) -> bool:
    """True if a value keeps to one line and is not taken for JSON."""
    text = str(item)
    return (
        not isinstance(item, dict | list)
        and item is not None
        and text == text.strip() != ""
        and "\n" not in text
        and text[:1] not in "[{"
    )


def a_key(key: str) -> bool:
    """True if a key survives being written before an equals sign."""
    return one_line(key) and "=" not in key


def value_of(name: str, field: Field, text: str) -> Any:
    """What was typed, as JSON. Raises ``Refused``."""
    text = text.replace("\r\n", "\n")
    if field.type.startswith(("array[", "map[")):
        plain = text.strip()
        if simple(field) and plain[:1] not in ("[", "{"):
            lines = [line.strip() for line in plain.splitlines() if line.strip()]
            if field.type.startswith("array["):
                return lines
            return {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
        return parsed(name, plain) if plain else ([] if field.type.startswith("array[") else {})
    if field.type in SIMPLE or field.type in ("boolean", "multiline", "blob") or field.reference:
        return text
    return parsed(name, text)


def parsed(name: str, text: str) -> Any:
    """Typed JSON as a value."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused("InvalidFormat", f"{name} must be JSON: {error}", field=name) from None


def body_of(type: TypeView, letter: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """A request's body: the filled-in fields, or for an update the changed ones."""
    body: dict[str, Any] = {}
    for name, shown in type.fields.items():
        if letter not in shown.letters or name not in typed:
            continue
        text = typed[name].replace("\r\n", "\n")
        was = typed.get(f"_was.{name}", "").replace("\r\n", "\n")
        if text == was:
            continue
        empty = None if not shown.field.type.startswith(("array[", "map[")) else value_of(name, shown.field, "")
        body[name] = empty if not text.strip() else value_of(name, shown.field, text)
    return body


def masked(type: TypeView | None, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body to show, without secrets."""

    def secret(shown: FieldView | None) -> bool:
        return shown is not None and (shown.field.type == "password" or shown.field.secret or "r" not in shown.letters)

    fields = {} if type is None else type.fields
    return {name: MASK if secret(fields.get(name)) and value else value for name, value in body.items()}
