# SPDX-License-Identifier: Apache-2.0
"""From rows to what a caller sees. Source: section 5 of the v1 description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from orca.engine import Call, lookup
from orca.resources import TYPES, ids
from orca.resources.fields import UNSET, Field
from orca.resources.views import LinkView, TypeView, View, inherited_fields
from orca.store import ReadTx, Record


def iso(moment: int) -> str:
    """Milliseconds as ISO 8601 UTC with seconds."""
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(kw_only=True)
class Renderer:
    """Shows rows to one caller. ``created``: the rows were just made, so what is shown only once is shown."""

    tx: ReadTx
    call: Call
    view: View
    created: bool = False
    action_links: bool = False

    def show(
        self, record: Record, asked: TypeView | None = None, extra: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """A row as an object. ``asked``: the collection's type, for callers that do not see the more specific one."""
        type = self.view.of(record.type) or asked
        assert type is not None
        url = self.url(type, record)
        shown: dict[str, Any] = {
            "id": self.id_of(type, record),
            "type": type.name,
            "links": self.links(type, record, url),
        }
        shown["actionLinks" if self.action_links else "actions"] = self.actions(type, record, url)
        if self.action_links:
            shown["actions"] = {}
        shown["baseType"] = type.root.name
        fields = self.fields(type, record)
        for name in ("name", "state"):
            if name in fields:
                shown[name] = fields.pop(name)
        shown |= fields
        return shown | dict(extra or {})

    def id_of(self, type: TypeView, record: Record) -> str:
        """The id on the wire."""
        return (
            str(getattr(record, type.type.id_field)) if type.type.id_field != "id" else ids.show(type.name, record.id)
        )

    def url(self, type: TypeView, record: Record) -> str:
        """Where the resource is."""
        return f"{self.call.base}/{type.path}/{self.id_of(type, record)}"

    def fields(self, type: TypeView, record: Record) -> dict[str, Any]:
        """Every field the role sees, in the order of their names; dates twice, as text and as milliseconds."""
        shown: dict[str, Any] = {}
        letters = "ro" if self.created else "r"
        for name in sorted(type.fields):
            view = type.fields[name]
            if name == "id" or not any(letter in view.letters for letter in "ro"):
                continue
            value = None
            if any(letter in view.letters for letter in letters):
                value = self.value(type, record, name)
            shown[name] = self.plain(view.field, value)
            if view.field.type == "date" and value is not None:
                shown[f"{name}TS"] = value
        return shown

    def value(self, type: TypeView, record: Record, name: str) -> Any:
        """The value of a field as the server keeps it, or works it out."""
        if (record.id, name) in self.call.once:
            return self.call.once[record.id, name]
        compute = lookup(self.call.services.behaviour.computed_fields, type.name, f".{name}")
        if compute is not None:
            return compute(self.tx, self.call, record)
        special = SPECIAL.get(name)
        if special is not None:
            return special(type, record)
        if name == "secretValue":
            return None
        return record.get(name)

    def plain(self, field: Field, value: Any) -> Any:
        """A value in JSON's terms: dates as text, references as ids."""
        if value is None:
            if not field.nullable and field.default is not UNSET:
                return field.default
            return False if field.type == "boolean" and not field.nullable else None
        return self.convert(field.type, value)

    def convert(self, type: str, value: Any) -> Any:
        """Show a value of a declared type."""
        if value is None or type in PLAIN:
            return value
        if type == "date":
            return iso(value)
        if type.startswith("reference["):
            return ids.show(type[10:-1], value) if isinstance(value, int) and type[10:-1] in TYPES else value
        if type.startswith("array[") and isinstance(value, list):
            return [self.convert(type[6:-1], item) for item in value]
        if type.startswith("map[") and isinstance(value, dict):
            return {key: self.convert(type[4:-1], item) for key, item in value.items()}
        part = self.view.types.get(type)
        if part is None or not isinstance(value, dict):
            return value
        return {
            name: self.convert(part.fields[name].field.type, item) if name in part.fields else item
            for name, item in value.items()
        } | {"type": type}

    def links(self, type: TypeView, record: Record, url: str) -> dict[str, str]:
        """Where one can go from the resource."""
        links = {"self": url}
        for name, link in sorted(type.links.items()):
            if self.offered(link, record):
                links[name] = f"{url}/{name.lower()}"
        for key, function in self.call.services.behaviour.computed_links.items():
            owner, _, name = key.partition(".")
            target = function(self.tx, self.call, record) if owner == type.name else None
            if target is not None:
                links[name] = target
        return links

    def offered(self, link: LinkView, record: Record) -> bool:
        """A reference link exists while there is something at its end."""
        return link.field is None or record.get(link.field) is not None

    def actions(self, type: TypeView, record: Record, url: str) -> dict[str, str]:
        """What can be asked of the resource in its present state."""
        return {
            name: f"{url}/?action={name}"
            for name, action in sorted(type.actions.items())
            if action.states is None or record.get(action.state_field) in action.states
        }


def transitioning(type: TypeView, record: Record) -> str:
    """``yes`` while a process works on the state, ``error`` when the last one failed, else ``no``."""
    if record.get("state") in type.transitioning:
        return "yes"
    return str(record.get("transitioning") or "no")


def transitioning_message(type: TypeView, record: Record) -> str | None:
    """What the process says; there is always something while it runs."""
    message: str | None = record.get("transitioningMessage")
    if message is None and record.get("state") in type.transitioning:
        return "In Progress"
    return message


def wire_resource_id(type: TypeView, record: Record) -> Any:
    """A process names its resource as clients know it."""
    number = record.get("resourceId")
    if type.name == "processInstance" and number is not None:
        return ids.show(record.resourceType, int(number))
    return number


def open_data(type: TypeView, record: Record) -> dict[str, Any]:
    """The JSON column without what nobody reads: sealed secrets, and fields that are for the server alone."""
    data = {name: value for name, value in record.data.items() if name != SEALED}
    if "fields" in data:
        declared = inherited_fields(type.type)
        data["fields"] = {
            name: value for name, value in data["fields"].items() if name in declared and declared[name].rights
        }
    return data


SEALED = "secret"
"""The key of the JSON column under which the packages keep a sealed secret."""
SPECIAL: Mapping[str, Callable[[TypeView, Record], Any]] = {
    "data": open_data,
    "transitioning": transitioning,
    "transitioningMessage": transitioning_message,
    "resourceId": wire_resource_id,
}
PLAIN = frozenset({"string", "password", "int", "float", "boolean", "enum", "multiline", "blob", "json"})
