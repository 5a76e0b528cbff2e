# SPDX-License-Identifier: Apache-2.0
"""Snapshots of volumes (2015: made by ``POST snapshots``)."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Tx

behaviour = Behaviour()


@behaviour.create("snapshot")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Snapshot:
    """Create a snapshot of a mountable volume, in the volume's project."""
    volume = tx.get(rows.Volume, fields.get("volumeId"))
    if volume is None or volume.state not in ("active", "inactive"):
        raise Refused("InvalidReference", "volumeId: there is no such volume", field="volumeId")
    host = tx.get(rows.Host, volume.hostId)
    if host is None or host.kind != "sim":
        raise Refused("InvalidOption", f"driver {volume.driver} keeps no snapshots", field="volumeId")
    row = tx.insert(rows.Snapshot, **{**fields, "accountId": volume.accountId, "volumeId": volume.id})
    call.request(tx, row, "create")
    return row
