# SPDX-License-Identifier: Apache-2.0
"""Turn rows into what a caller sees. Source: docs/v1.md, section 5."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from orca.api.answers.shape import Shape, shape
from orca.engine import Behaviour, Call
from orca.provision.people import roles
from orca.resources import ids
from orca.resources.views import TypeView, View
from orca.store import ReadTx, Record

SAFE_IN_IDS = "!:@"
"""Characters of ids that need no escape in a URL, besides letters and digits."""


@dataclass(kw_only=True)
class Renderer:
    """Shows rows to one caller. ``created``: the rows are new, so values that are shown only once are included."""

    tx: ReadTx
    call: Call
    view: View
    created: bool = False
    action_links: bool = False

    def show(
        self, record: Record, asked: TypeView | None = None, extra: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """A row as an object. ``asked``: the requested type, for callers that do not see the more specific one, and for
        kinds that are listed separately.
        """
        type = self.view.of(record.type, asked) or asked
        assert type is not None
        form = shape(self.view, type, record.type, self.call.core.part(Behaviour))
        values = record.fields()
        url = self.url(type, record)
        shown: dict[str, Any] = {
            "id": self.id_of(type, record),
            "type": type.name,
            "links": self.links(form, record, values, url),
        }
        shown["actionLinks" if self.action_links else "actions"] = self.actions(form, record, values, url)
        if self.action_links:
            shown["actions"] = {}
        shown["baseType"] = type.root.name
        fields = self.fields(form, type, record, values)
        for name in ("name", "state"):
            if name in fields:
                shown[name] = fields.pop(name)
        shown |= fields
        return shown | dict(extra or {})

    def show_object(self, type: TypeView, values: Mapping[str, Any]) -> dict[str, Any]:
        """An object without a row. Its values are as clients see them; the role's other fields are null."""
        links = {"self": f"{self.call.base}/{type.path}/{quote(values['id'], safe=SAFE_IN_IDS)}"}
        shown = {"id": values["id"], "type": type.name, "links": links, "actions": {}, "baseType": type.root.name}
        for name, field in sorted(type.fields.items()):
            if "r" in field.letters and (self.created or "o" not in field.letters):
                shown.setdefault(name, values.get(name))
        return shown

    def id_of(self, type: TypeView, record: Record) -> str:
        """The id on the wire."""
        return (
            str(getattr(record, type.type.id_field)) if type.type.id_field != "id" else ids.show(type.name, record.id)
        )

    def url(self, type: TypeView, record: Record) -> str:
        """The resource's URL, in a collection that can be read."""
        path = type.path if type.type.listed else type.root.plural.lower()
        return f"{self.call.base}/{path}/{quote(self.id_of(type, record), safe=SAFE_IN_IDS)}"

    def fields(self, shape: Shape, type: TypeView, record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
        """Every field the role sees, in the order of their names; dates twice, as text and as milliseconds."""
        shown: dict[str, Any] = {}
        once = self.call.once
        for column in shape.columns:
            name = column.name
            value = None
            if self.created or not column.hidden:
                if once and (record.id, name) in once:
                    value = once[record.id, name]
                elif column.source is not None:
                    value = column.source(self.tx, self.call, type, record)
                else:
                    value = values.get(name)
            if value is None:
                shown[name] = column.absent
                continue
            shown[name] = value if column.convert is None else column.convert(value)
            if column.date:
                shown[f"{name}TS"] = value
        return shown

    def links(self, shape: Shape, record: Record, values: Mapping[str, Any], url: str) -> dict[str, str]:
        """The links of the resource; a reference is included while its target exists."""
        links = {"self": url}
        for name, field in shape.links:
            if field is None or values.get(field) is not None:
                links[name] = f"{url}/{name.lower()}"
        for name, offered in shape.targets:
            if offered is None or offered(self.call, record):
                links[name] = f"{url}/{name.lower()}"
        for name, function in shape.computed_links:
            target = function(self.tx, self.call, record)
            if target is not None:
                links[name] = target
        return links

    def actions(self, shape: Shape, record: Record, values: Mapping[str, Any], url: str) -> dict[str, str]:
        """The actions of the resource in its present state."""
        return {
            action.name: f"{url}/?action={action.name}"
            for action, offer in shape.actions
            if action.fits(values)
            and roles.may(self.tx, self.call, record, action.name)
            and (offer is None or offer.holds(self.tx, self.call, record))
        }
