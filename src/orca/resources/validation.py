# SPDX-License-Identifier: Apache-2.0
"""From a request body to field values: coercion, defaults, limits, references. Source: section 5 of the v1 description.

v1 drops what it does not know; ``/v2`` refuses it. Dates become milliseconds, references numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from orca.resources import ids
from orca.resources.errors import Refused
from orca.resources.fields import UNSET, Field
from orca.resources.views import TypeView, View

Exists = Callable[[str, int], bool]
"""Whether a row of that type and id is visible to the caller."""


class Validator:
    """Checks bodies for one caller. ``strict``: unknown fields are refused; else they are collected in ``ignored``."""

    def __init__(self, view: View, exists: Exists, *, strict: bool) -> None:
        self._view = view
        self._exists = exists
        self._strict = strict
        self.ignored: list[str] = []

    def create(self, type: TypeView, body: Mapping[str, Any]) -> dict[str, Any]:
        """Values for a new resource: what was given, and defaults for the rest. Raises ``Refused``."""
        values = self._given(type, body, "c")
        for name, shown in type.fields.items():
            field = shown.field
            if values.get(name) is None and field.default is not UNSET and (name not in values or not field.nullable):
                values[name] = field.default
            if field.required and "c" in shown.letters and values.get(name) in (None, [], ""):
                raise Refused("MissingRequired", f"{name} is required", field=name)
        return values

    def update(self, type: TypeView, body: Mapping[str, Any]) -> dict[str, Any]:
        """Values to change. Raises ``Refused``."""
        return self._given(type, body, "u")

    def _given(self, type: TypeView, body: Mapping[str, Any], letter: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in body.items():
            shown = type.fields.get(name)
            if shown is None:
                if name not in ("id", "type", "links", "actions", "baseType"):
                    self._unknown(name, f"a {type.name} has no field {name}")
            elif letter in shown.letters:
                values[name] = self._value(name, shown.field, shown.field.type, value)
        return values

    def _unknown(self, name: str, message: str) -> None:
        if self._strict:
            raise Refused("UnknownField", message, field=name)
        self.ignored.append(name)

    def _value(self, name: str, field: Field, type: str, value: Any) -> Any:
        if value is None or (value == "" and type in ("int", "float", "date", "boolean")):
            if not field.nullable and field.default is UNSET:
                raise Refused("NotNullable", f"{name} must not be null", field=name)
            return None
        if type.startswith("array["):
            return [
                self._item(name, field, type[6:-1], item) for item in (value if isinstance(value, list) else [value])
            ]
        if type.startswith("map["):
            if not isinstance(value, dict):
                raise Refused("InvalidFormat", f"{name} must be an object", field=name)
            return {str(key): self._item(name, field, type[4:-1], item, True) for key, item in value.items()}
        if type.startswith("reference["):
            return self._reference(name, type[10:-1], value)
        if type in SCALARS:
            return SCALARS[type](name, field, value)
        return self._embedded(name, type, value)

    def _item(self, name: str, field: Field, type: str, item: Any, nullable: bool = False) -> Any:
        if item is None:
            if nullable or type == "json":
                return None
            raise Refused("NotNullable", f"{name} must not hold null", field=name)
        return self._value(name, field, type, item)

    def _reference(self, name: str, type: str, value: Any) -> int:
        number = ids.parse(value)
        if number is None or not ids.is_reference(type) or not self._exists(type, number):
            raise Refused("InvalidReference", f"{name}: there is no {type} {value}", field=name)
        return number

    def _embedded(self, name: str, type: str, value: Any) -> dict[str, Any]:
        shown = self._view.types.get(type)
        if shown is None or not isinstance(value, dict):
            raise Refused("InvalidFormat", f"{name} must be an object", field=name)
        given = self._given(shown, value, "c")
        for inner, part in shown.fields.items():
            if part.field.required and given.get(inner) in (None, [], ""):
                raise Refused("MissingRequired", f"{name}.{inner} is required", field=inner)
        return given


def _text(name: str, field: Field, value: Any) -> str:
    if isinstance(value, dict | list):
        raise Refused("InvalidFormat", f"{name} must be text", field=name)
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if "\0" in text:
        raise Refused("InvalidCharacters", f"{name} must not hold a NUL character", field=name)
    if field.options and text not in field.options:
        raise Refused("InvalidOption", f"{name} must be one of {', '.join(field.options)}", field=name)
    if field.max_length is not None and len(text) > field.max_length:
        raise Refused("MaxLengthExceeded", f"{name} has more than {field.max_length} characters", field=name)
    if field.min_length is not None and len(text) < field.min_length:
        raise Refused("MinLengthExceeded", f"{name} has fewer than {field.min_length} characters", field=name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused("InvalidCharacters", f"{name} is not valid Unicode text", field=name) from None
    return text


def _integer(name: str, field: Field, value: Any) -> int:
    try:
        number = int(value) if isinstance(value, str | int) else _whole(value)
    except (ValueError, TypeError, OverflowError):
        raise Refused("InvalidFormat", f"{name} must be a whole number", field=name) from None
    if field.min is not None and number < field.min:
        raise Refused("MinLimitExceeded", f"{name} must be at least {field.min}", field=name)
    limit = 2**63 - 1 if field.max is None else field.max
    if number > limit or number < -(2**63):
        raise Refused("MaxLimitExceeded", f"{name} must be at most {limit}", field=name)
    return number


def _whole(value: Any) -> int:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise ValueError(value)


def _number(name: str, field: Field, value: Any) -> float:
    try:
        return float(value)
    except (ValueError, TypeError):
        raise Refused("InvalidFormat", f"{name} must be a number", field=name) from None


def _boolean(name: str, field: Field, value: Any) -> bool:
    if isinstance(value, bool | int):
        return bool(value)
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0", "yes", "no", "on", "off", "t", "f"):
        return value.lower() in ("true", "1", "yes", "on", "t")
    raise Refused("InvalidFormat", f"{name} must be true or false", field=name)


def parse_date(value: Any) -> int | None:
    """Milliseconds from ISO 8601 text or a number; None when it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    if value.isdecimal() and len(value) <= 15:
        return int(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _date(name: str, field: Field, value: Any) -> int:
    moment = parse_date(value)
    if moment is None:
        raise Refused("InvalidDateFormat", f"{name} must be an ISO 8601 date", field=name)
    return moment


def _any(name: str, field: Field, value: Any) -> Any:
    return value


SCALARS: Mapping[str, Callable[[str, Field, Any], Any]] = {
    "string": _text,
    "password": _text,
    "multiline": _text,
    "blob": _text,
    "enum": _text,
    "int": _integer,
    "float": _number,
    "boolean": _boolean,
    "date": _date,
    "json": _any,
}
