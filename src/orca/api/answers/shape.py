# SPDX-License-Identifier: Apache-2.0
"""How a type is shown to a role, computed once, because a page of a hundred rows has thousands of fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from orca.engine import Behaviour, Call, lookup
from orca.engine.behaviour import Offer
from orca.provision.audit import masking
from orca.resources import TYPES, ids, rows
from orca.resources.catalog import root
from orca.resources.fields import UNSET, Field
from orca.resources.views import ActionView, FieldView, TypeView, View, inherited_fields
from orca.store import ReadTx, Record

Source: TypeAlias = Callable[[ReadTx, Call, TypeView, Record], Any]
Convert: TypeAlias = Callable[[Any], Any]

PLAIN = frozenset({"string", "password", "int", "float", "boolean", "enum", "multiline", "blob", "json"})
LOOKING = frozenset({"readonly", "readAdmin"})
"""Roles that only read: they see the names of variables, not their values."""
SEALED = "secret"
"""The key of the JSON column under which the packages keep a sealed secret."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field. ``source`` None: the row's value; ``absent``: shown if there is no value; ``convert`` None: unchanged.
    ``hidden``: only shown right after creation, ``absent`` otherwise; ``date``: also shown as milliseconds.
    """

    name: str
    source: Source | None
    convert: Convert | None
    absent: Any
    hidden: bool
    date: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A type as a role sees it. ``links``: name and the field that must be set (None: always there)."""

    columns: tuple[Column, ...]
    links: tuple[tuple[str, str | None], ...]
    computed_links: tuple[tuple[str, Callable[[ReadTx, Call, Record], Any]], ...]
    targets: tuple[tuple[str, Callable[[Call, Record], bool] | None], ...]
    """The name of a link to a computed object, and which resources have it (None: all)."""
    actions: tuple[tuple[ActionView, Offer | None], ...]
    """Actions, and the condition besides the state for offering each (None: none)."""


_shapes: WeakKeyDictionary[Behaviour, dict[tuple[str, str, str, str], Shape]] = WeakKeyDictionary()


def shape(view: View, type: TypeView, row_type: str, behaviour: Behaviour) -> Shape:
    """The shape of a type in a view, under a server's behaviour. ``row_type``: the type of its rows."""
    known = _shapes.setdefault(behaviour, {})
    key = (view.role, view.version, type.name, row_type)
    found = known.get(key)
    if found is None:
        found = known[key] = _work_out(view, type, row_type, behaviour)
    return found


def iso(moment: int) -> str:
    """Milliseconds as ISO 8601 UTC with seconds."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _work_out(view: View, type: TypeView, row_type: str, behaviour: Behaviour) -> Shape:
    columns = [
        _column(view, type, name, field, behaviour)
        for name, field in sorted(type.fields.items())
        if name != "id" and set("ro") & set(field.letters) and not (field.field.linked and view.version == "v1")
    ]
    computed = [
        (name, function)
        for owner, _, name, function in ((*key.partition("."), f) for key, f in behaviour.computed_links.items())
        if owner == type.name
    ]
    return Shape(
        columns=tuple(columns),
        links=tuple((name, link.field) for name, link in sorted(type.links.items())),
        computed_links=tuple(computed),
        targets=tuple(
            (name, target.offered)
            for owner, _, name, target in ((*key.partition("."), target) for key, target in behaviour.targets.items())
            if owner == type.name
        ),
        actions=tuple(
            (action, lookup(behaviour.offers, row_type, f".{name}")) for name, action in sorted(type.actions.items())
        ),
    )


def _column(view: View, type: TypeView, name: str, shown: FieldView, behaviour: Behaviour) -> Column:
    field = shown.field
    convert = converter(view, field.type)
    source = _source(type, name, behaviour)
    return Column(
        name=name,
        source=_without_named(name, source) if view.role in LOOKING and name in masking.NAMED else source,
        convert=_masked(name, field, convert) if view.role in LOOKING else convert,
        absent=_absent(field),
        hidden="r" not in shown.letters,
        date=field.type == "date",
    )


def _masked(name: str, field: Field, convert: Convert | None) -> Convert | None:
    """Like ``convert``, but without values that may be secrets."""
    scalar = field.type in PLAIN and field.type != "json"
    if name not in masking.TEXTS and (scalar or field.type == "date" or field.reference is not None):
        return convert
    return lambda value: masking.replaced(name, value if convert is None else convert(value))


def _without_named(name: str, source: Source | None) -> Source:
    """Like ``source``, but without the value if the row has the name of a secret."""

    def shown(tx: ReadTx, call: Call, type: TypeView, record: Record) -> Any:
        value = record.get(name) if source is None else source(tx, call, type, record)
        return masking.TAKEN_OUT if value is not None and masking.is_called_so(record.fields()) else value

    return shown


def _source(type: TypeView, name: str, behaviour: Behaviour) -> Source | None:
    """The source of a value, if it is not simply the row's."""
    compute = lookup(behaviour.computed_fields, type.name, f".{name}")
    if compute is not None:
        return lambda tx, call, type, record: compute(tx, call, record)
    return SPECIAL.get(name)


def _absent(field: Field) -> Any:
    if not field.nullable and field.default is not UNSET:
        return field.default
    return False if field.type == "boolean" and not field.nullable else None


def converter(view: View, type: str) -> Convert | None:
    """How a value of a declared type becomes JSON: dates as text, references as ids. None: it is JSON already."""
    if type in PLAIN:
        return None
    if type == "date":
        return iso
    if type.startswith("reference["):
        return _reference(type[10:-1])
    if type.startswith("array["):
        return _inside(list, converter(view, type[6:-1]), lambda value, show: [show(item) for item in value])
    if type.startswith("map["):
        return _inside(
            dict, converter(view, type[4:-1]), lambda value, show: {key: show(item) for key, item in value.items()}
        )
    # Looked up when it is shown, because parts may contain one another.
    return lambda value: _part(view, type, value)


def _reference(target: str) -> Convert | None:
    if target not in TYPES:
        return None
    prefix = root(target).prefix
    return lambda value: f"{prefix}{value}" if isinstance(value, int) else value


def _inside(cls: type[Any], show: Convert | None, each: Callable[[Any, Convert], Any]) -> Convert | None:
    if show is None:
        return None

    def item(value: Any) -> Any:
        return None if value is None else show(value)

    return lambda value: each(value, item) if isinstance(value, cls) else value


def _part(view: View, type: str, value: Any) -> Any:
    part = view.types.get(type)
    if part is None or not isinstance(value, dict):
        return value
    shown = {}
    for name, item in value.items():
        show = converter(view, part.fields[name].field.type) if name in part.fields else None
        shown[name] = item if show is None or item is None else show(item)
    return shown | {"type": type}


# -- fields that are worked out for every type -------------------------------------------------------------------------


def transitioning(_tx: ReadTx, _call: Call, type: TypeView, record: Record) -> str:
    """``yes`` while a process works on the state, ``error`` when the last one failed, else ``no``."""
    if record.get("state") in type.transitioning:
        return "yes"
    return str(record.get("transitioning") or "no")


def transitioning_message(_tx: ReadTx, _call: Call, type: TypeView, record: Record) -> str | None:
    """The process's message; there is always one while it runs."""
    message: str | None = record.get("transitioningMessage")
    if message is None and record.get("state") in type.transitioning:
        return "In Progress"
    return message


def wire_resource_id(_tx: ReadTx, _call: Call, type: TypeView, record: Record) -> Any:
    """The id of a process's resource as clients know it."""
    number = record.get("resourceId")
    if isinstance(record, rows.ProcessInstance):
        return ids.show(record.resourceType, int(record.resourceId))
    return number


def open_data(_tx: ReadTx, _call: Call, type: TypeView, record: Record) -> dict[str, Any]:
    """The JSON column without sealed secrets, and without fields for the server alone."""
    data = {name: value for name, value in record.data.items() if name != SEALED}
    if "fields" in data:
        declared = inherited_fields(type.type)
        data["fields"] = {
            name: value for name, value in data["fields"].items() if name in declared and declared[name].rights
        }
    return data


def never(_tx: ReadTx, _call: Call, type: TypeView, record: Record) -> None:
    """A secret is shown once, outside of the row."""


SPECIAL: Mapping[str, Source] = {
    "data": open_data,
    "resourceId": wire_resource_id,
    "secretValue": never,
    "transitioning": transitioning,
    "transitioningMessage": transitioning_message,
}
