# SPDX-License-Identifier: Apache-2.0
"""Settings through the API: set, reset and found by name, with the value in force and its source."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.provision.settings import values as settings
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

behaviour = Behaviour()


def set_to(tx: Tx, call: Call, name: str, value: str | None) -> rows.Setting:
    """Set a setting. Raises ``Refused``, also for access control, which the first start of a data directory chooses."""
    if name == settings.ACCESS_CONTROL or (name == settings.SECURITY and not call.core.server.open):
        raise Refused(
            "InvalidOption", f"{name}: access control was chosen when the data directory was made", field="value"
        )
    return settings.put(tx, name, value)


@behaviour.create("setting")
def create_setting(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Setting:
    """Create a setting; an existing one is changed, as in v1."""
    return set_to(tx, call, fields["name"], fields.get("value"))


@behaviour.update("setting")
def update_setting(tx: Tx, call: Call, record: rows.Setting, fields: dict[str, Any]) -> rows.Setting:
    """Change its value."""
    return set_to(tx, call, record.name, fields.get("value", record.value))


@behaviour.remove("setting")
def remove_setting(tx: Tx, call: Call, record: rows.Setting) -> rows.Setting:
    """Reset it to the default."""
    return set_to(tx, call, record.name, None)


@behaviour.computed("setting.activeValue")
def active_value(tx: ReadTx, call: Call, record: rows.Setting) -> str | None:
    """The value in force."""
    return settings.value(tx, record.name)


@behaviour.computed("setting.source")
def source(tx: ReadTx, call: Call, record: rows.Setting) -> str:
    """Where the value in force comes from."""
    return settings.source(tx, str(record.name))


@behaviour.computed("setting.inDb")
def in_db(tx: ReadTx, call: Call, record: rows.Setting) -> bool:
    """True if somebody set it."""
    return record.value is not None
