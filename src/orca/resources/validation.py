# SPDX-License-Identifier: Apache-2.0
"""From a request body to field values: coercion, defaults, limits, references. Source: docs/v1.md, section 5.

v1 ignores unknown fields, and those that cannot be given; ``/v2`` refuses them. Dates become milliseconds, references
numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from orca.resources import ids, limits
from orca.resources.catalog import always_of
from orca.resources.errors import Refused
from orca.resources.fields import UNSET, Field
from orca.resources.spoken import a, spoken
from orca.resources.views import TypeView, View

MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
WHOLE_NUMBER = "-?[0-9]{1,19}"
BOOLEAN_WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "on", "t"), True),
    **dict.fromkeys(("false", "0", "no", "off", "f"), False),
}
FRAME = frozenset({"id", "type", "links", "actions", "actionLinks", "baseType"})
"""Keys of answers besides fields, which clients may send back."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MIN_DATE, MAX_DATE = -62_135_596_800_000, 253_402_300_799_999
"""Milliseconds of the years 1 and 9999, the range of ISO 8601."""

Existing = Callable[[str, Collection[int]], Collection[int]]
"""Returns those of the ids whose rows the caller sees."""


class Validator:
    """Checks bodies for one caller. ``strict``: unknown fields are refused; else they are collected in ``ignored``.

    Only ``look_up`` and ``compare`` need rows; everything else can be done before the unit.
    """

    def __init__(self, view: View, *, strict: bool) -> None:
        self._view = view
        self._strict = strict
        self._references: dict[str, dict[int, tuple[str, Any]]] = {}
        """The referenced rows: by type and id, with the field and the given value."""
        self.ignored: list[str] = []
        self._fixed: dict[str, Any] = {}
        """Values for existing fields that cannot be given; "data.fields" is a key of a field."""

    def create(self, type: TypeView, body: Mapping[str, Any], *, part: bool = False) -> dict[str, Any]:
        """Values for a new resource: the given ones, and defaults for the rest. Raises ``Refused``.

        Null for a field that every row has is as good as nothing. ``part``: see ``FieldView.taken``.
        """
        try:
            values = self._given(type, body, "c", part=part)
        except Refused as refused:
            # Which one is meant comes before what each of them lacks.
            if type.type.one_of is not None and refused.code != "UnknownField":
                _one_of(*type.type.one_of, body)
            raise
        if type.type.one_of is not None:
            _one_of(*type.type.one_of, body)
        for name in [name for name, value in values.items() if value is None and name in always_of(type.name)]:
            del values[name]
        for name, shown in type.fields.items():
            field = shown.field
            if values.get(name) is None and field.default is not UNSET and (name not in values or not field.nullable):
                values[name] = field.default
            missing = field.required and values.get(name) in (None, [], "")
            if missing and shown.taken("c", self._view.role, part=part):
                raise Refused("MissingRequired", f"{name} is required", field=name)
        return values

    def update(self, type: TypeView, body: Mapping[str, Any]) -> dict[str, Any]:
        """Values to change. Raises ``Refused``.

        A row keeps its id. v1 passes over null for a field that every row has: the row goes on with its value.
        """
        fixed = {"id"} & body.keys()
        if not self._strict:
            fixed |= {name for name in always_of(type.name) if name in type.fields and body.get(name, UNSET) is None}
        self._fixed.update({name: body[name] for name in fixed})
        body = {name: value for name, value in body.items() if name not in fixed}
        return self._given(type, body, "u")

    def look_up(self, existing: Existing) -> None:
        """Check that the referenced rows exist. Raises ``Refused``."""
        for type, named in self._references.items():
            found = existing(type, named.keys())
            for id, (name, value) in named.items():
                if id not in found:
                    raise _no_such(name, type, value)

    def compare(self, type: TypeView, shown: Callable[[], Mapping[str, Any]]) -> None:
        """Compare values that cannot be given with the resource: a client that sends a whole object back sends them
        too. Raises ``Refused`` if one differs.
        """
        present = shown() if self._fixed else {}
        for name, value in self._fixed.items():
            outer, _, key = name.partition(".")
            there = present.get(outer)
            if ((there or {}).get(key) if key else there) != value:
                self._unknown(name, f"{name} of {a(type.name)} cannot be given here")

    def _given(self, type: TypeView, body: Mapping[str, Any], letter: str, *, part: bool = False) -> dict[str, Any]:
        values: dict[str, Any] = {}
        # The store numbers its rows: one with the highest number that there is would be the last of its table.
        numbered = type.type.table
        for name, value in body.items():
            shown = type.fields.get(name)
            if shown is None and not _is_moment(type, name):
                if name not in FRAME:
                    self._unknown(name, f"{a(type.name)} has no field {name}")
            elif (
                shown is not None
                and not (numbered and name == "id")
                and shown.taken(letter, self._view.role, part=part)
            ):
                values[name] = self._value(name, shown.field, shown.field.type, value)
                if name == "data" and type.type.table:
                    values[name] = self._keys_of_data(values[name] or {})
            elif not part:
                self._fixed[name] = value
        return values

    def _keys_of_data(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """The keys of ``data`` besides the fields, which are in the same column and have their own checks."""
        if "fields" in value:
            self._fixed["data.fields"] = value["fields"]
        return {key: inner for key, inner in value.items() if key != "fields"}

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
            items = value if isinstance(value, list) else [value]
            _count(name, field, type[6:-1], items)
            return [self._item(name, field, type[6:-1], item) for item in items]
        if type.startswith("map["):
            if not isinstance(value, dict):
                raise Refused("InvalidFormat", f"{name} must be an object", field=name)
            _count(name, field, type[4:-1], value)
            return {_clean(name, key): self._item(name, field, type[4:-1], item, True) for key, item in value.items()}
        if type.startswith("reference["):
            return self._reference(name, type[10:-1], value)
        if type in SCALARS:
            return SCALARS[type](name, field, value)
        return self._embedded(name, type, value)

    def _item(self, name: str, field: Field, type: str, item: Any, nullable: bool = False) -> Any:
        if item is None:
            if type == "json" or (nullable and type != "string"):
                return None
            raise Refused("NotNullable", f"{name} must not hold null", field=name)
        return self._value(name, field, type, item)

    def _reference(self, name: str, type: str, value: Any) -> int:
        number = ids.parse(value)
        if number is None or not ids.is_reference(type):
            raise _no_such(name, type, value)
        self._references.setdefault(type, {}).setdefault(number, (name, value))
        return number

    def _embedded(self, name: str, type: str, value: Any) -> dict[str, Any]:
        shown = self._view.types.get(type)
        if shown is None or not isinstance(value, dict):
            raise Refused("InvalidFormat", f"{name} must be an object", field=name)
        given = self._given(shown, value, "c", part=True)
        for inner, part in shown.fields.items():
            if part.field.required and given.get(inner) in (None, [], ""):
                raise Refused("MissingRequired", f"{name}.{inner} is required", field=inner)
        return given


def _count(name: str, field: Field, of: str, items: Collection[Any]) -> None:
    """Count references, and parts with fields of their own; fewer are allowed than texts and numbers."""
    most = field.most or (None if of in SCALARS else limits.MOST_ROWS)
    if most is not None:
        limits.count_rows(name, len(items), most)


def _one_of(code: str, names: Collection[str], body: Mapping[str, Any]) -> None:
    """Refuse none or several of these fields."""
    given = [name for name in names if body.get(name) is not None]
    if len(given) != 1:
        raise Refused(code, f"exactly one of {', '.join(names)} is expected; given: {' and '.join(given) or 'none'}")


def _no_such(name: str, type: str, value: Any) -> Refused:
    return Refused("InvalidReference", f"{name}: there is no {spoken(type)} {value}", field=name)


def _is_moment(type: TypeView, name: str) -> bool:
    """True if it is the twin of a date: the milliseconds that answers have beside the text."""
    date = type.fields.get(name.removesuffix("TS"))
    return date is not None and date.field.type == "date"


def _clean(name: str, text: str) -> str:
    """Text that every database can store."""
    if "\0" in text:
        raise Refused("InvalidCharacters", f"{name} must not hold a NUL character", field=name)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused("InvalidCharacters", f"{name} is not valid Unicode text", field=name) from None
    return text


def _text(name: str, field: Field, value: Any) -> str:
    if isinstance(value, dict | list):
        raise Refused("InvalidFormat", f"{name} must be text", field=name)
    text = _clean(name, ("true" if value else "false") if isinstance(value, bool) else str(value))
    if field.options and text not in field.options:
        raise Refused("InvalidOption", f"{name} must be one of {', '.join(field.options)}", field=name)
    if field.max_length is not None and len(text) > field.max_length:
        raise Refused("MaxLengthExceeded", f"{name} has more than {field.max_length} characters", field=name)
    if field.min_length is not None and len(text) < field.min_length:
        raise Refused("MinLengthExceeded", f"{name} has fewer than {field.min_length} characters", field=name)
    if field.wrong is not None and (reason := field.wrong(text)) is not None:
        raise Refused("InvalidFormat", f"{name}: {reason}", field=name)
    return text


def _integer(name: str, field: Field, value: Any) -> int:
    number = whole_number(value)
    if number is None:
        raise Refused("InvalidFormat", f"{name} must be a whole number", field=name)
    lowest = MIN_INTEGER if field.min is None else field.min
    highest = MAX_INTEGER if field.max is None else field.max
    if number < lowest:
        raise Refused("MinLimitExceeded", f"{name} must be at least {lowest}", field=name)
    if number > highest:
        raise Refused("MaxLimitExceeded", f"{name} must be at most {highest}", field=name)
    return number


def whole_number(value: Any) -> int | None:
    """A whole number from JSON or from text; None when it is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, str) and re.fullmatch(WHOLE_NUMBER, value.strip()) else None


def _number(name: str, field: Field, value: Any) -> float:
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Refused("InvalidFormat", f"{name} must be a number", field=name)
    return number


def _boolean(name: str, field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    found = BOOLEAN_WORDS.get(str(value).lower()) if isinstance(value, str | int) else None
    if found is None:
        raise Refused("InvalidFormat", f"{name} must be true or false", field=name)
    return found


def parse_date(value: Any) -> int | None:
    """Milliseconds from ISO 8601 text or a number; None when it is neither, or out of the calendar."""
    number = whole_number(value)
    if number is None and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        number = (aware - EPOCH) // timedelta(milliseconds=1)
    return number if number is not None and MIN_DATE <= number <= MAX_DATE else None


def _date(name: str, field: Field, value: Any) -> int:
    moment = parse_date(value)
    if moment is None:
        raise Refused("InvalidDateFormat", f"{name} must be an ISO 8601 date", field=name)
    return moment


def _any(name: str, field: Field, value: Any) -> Any:
    """Any JSON that can be stored and shown again."""
    if isinstance(value, str):
        return _clean(name, value)
    if isinstance(value, list):
        return [_any(name, field, item) for item in value]
    if isinstance(value, dict):
        return {_clean(name, key): _any(name, field, item) for key, item in value.items()}
    if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        raise Refused("MaxLimitExceeded", f"{name} holds a number beyond 64 bits", field=name)
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
