# SPDX-License-Identifier: Apache-2.0
"""Processes in the API: everybody may look, and the engine alone writes."""

from __future__ import annotations

from typing import Any

from orca.engine.behaviour import Behaviour
from orca.engine.call import Call
from orca.resources import TYPES, ids, rows
from orca.resources.errors import Refused
from orca.store import Tx

MOMENTS = {name for name, field in TYPES["processInstance"].fields.items() if field.type == "date"}

behaviour = Behaviour()


@behaviour.update("processInstance")
def update(tx: Tx, call: Call, row: rows.ProcessInstance, fields: dict[str, Any]) -> rows.ProcessInstance:
    """Refuse every change: the engine works by the row. A whole object that is sent back changes nothing."""
    for name, value in fields.items():
        if _differs(row, name, value):
            raise Refused("InvalidState", f"{name}: the server alone changes its processes", field=name)
    return row


def _differs(row: rows.ProcessInstance, name: str, value: Any) -> bool:
    present = row.get(name)
    if name == "resourceId":  # shown with the type's prefix
        return ids.parse(value) != int(row.resourceId)
    if name == "data":
        return any(row.data.get(key) != inner for key, inner in (value or {}).items())
    if name in MOMENTS and value is not None and present is not None:  # shown to the second
        return bool(value // 1000 != present // 1000)
    return bool(value != present)
