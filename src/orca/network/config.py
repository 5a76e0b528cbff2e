# SPDX-License-Identifier: Apache-2.0
"""Config items: what each host is asked to make true, and how far it is.

One row (`configItemStatus`) per host and item holds the wanted description under a version that only grows, and the
version the host has applied. A unit changes rows; what changed leaves for the host after COMMIT, together with
whatever else changed meanwhile. A host that was away gets a full comparison when it is back, so a lost message costs
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from orca import wire
from orca.store import ReadTx, Record, Tx

TYPE = "configItemStatus"

VERSION_EPOCH = 1_735_689_600
"""2025-01-01 in UTC seconds: versions count from here, so that they fit 32 bits for a lifetime."""


class ConfigItems:
    """The config items of all hosts. `changed(host_id, item)` is called in the event loop after COMMIT."""

    def __init__(self, changed: Callable[[int, wire.ConfigItem], None]) -> None:
        self._changed = changed

    def wanted(self, tx: ReadTx, host_id: int, name: str) -> dict[str, Any] | None:
        """The description of an item, None when it is not wanted."""
        row = tx.first(TYPE, hostId=host_id, name=name)
        description: dict[str, Any] | None = None if row is None else row.description
        return description

    def put(self, tx: Tx, host_id: int, name: str, description: Mapping[str, Any]) -> bool:
        """Want `description` for item `name` on a host; False (and no new version) when that is wanted already."""
        row = tx.first(TYPE, hostId=host_id, name=name)
        if row is None:
            host = tx.require("host", host_id)
            row = tx.insert(
                TYPE,
                accountId=host.accountId,
                agentId=host.agentId,
                hostId=host_id,
                name=name,
                requestedVersion=_clock(tx),
                requestedUpdated=tx.now,
                description=dict(description),
            )
        elif row.description == description:
            return False
        else:
            self._bump(tx, row, dict(description))
        self._announce(tx, row)
        return True

    def drop(self, tx: Tx, host_id: int, name: str) -> bool:
        """Want item `name` no more; its row stays until the host says that it is gone."""
        row = tx.first(TYPE, hostId=host_id, name=name)
        if row is None or row.description is None:
            return False
        self._bump(tx, row, None)
        self._announce(tx, row)
        return True

    def forget(self, tx: Tx, host_id: int) -> None:
        """Drop every row of a host that is being removed: nobody will ask it again."""
        for row in tx.find(TYPE, hostId=host_id):
            tx.delete(row)

    def compare(self, tx: ReadTx, host_id: int, applied: Mapping[str, int]) -> wire.ConfigUpdate:
        """The complete update for a host that says what it has applied: unchanged items by version only."""
        items = []
        for row in tx.find(TYPE, hostId=host_id):
            if row.description is None:
                continue
            if applied.get(row.name) == row.requestedVersion:
                items.append(wire.ConfigItem(name=row.name, version=row.requestedVersion))
            else:
                items.append(self.item(row))
        return wire.ConfigUpdate(items=items, complete=True)

    def record(self, tx: Tx, host_id: int, sent: wire.ConfigUpdate, reply: wire.ConfigApplied) -> None:
        """Store what a host answered to `sent`."""
        which = {} if sent.complete else {"name": [item.name for item in sent.items]}
        rows = {row.name: row for row in tx.find(TYPE, hostId=host_id, **which)}
        if sent.complete:
            kept = {item.name for item in sent.items}
            for name in [name for name, row in rows.items() if name not in kept and row.description is None]:
                tx.delete(rows.pop(name))
        for item in sent.items:
            row = rows.get(item.name)
            if row is None:
                continue
            error = reply.errors.get(item.name)
            version = reply.applied.get(item.name)
            if version is None and error is None and item.description is msgspec.UNSET:
                version = item.version
            if item.description is None and error is None:
                # What is gone need not be among the versions in effect. It may be wanted again meanwhile.
                if item.version == row.requestedVersion:
                    tx.delete(row)
            elif version is not None:
                tx.update(row, appliedVersion=version, appliedUpdated=tx.now, error=None)
            elif error is not None:
                tx.update(row, error=error)

    @staticmethod
    def item(row: Record) -> wire.ConfigItem:
        """The wire form of a row."""
        return wire.ConfigItem(name=row.name, version=row.requestedVersion, description=row.description)

    def _bump(self, tx: Tx, row: Record, description: dict[str, Any] | None) -> None:
        version = max(_clock(tx), row.requestedVersion + 1)
        tx.update(row, requestedVersion=version, requestedUpdated=tx.now, description=description, error=None)

    def _announce(self, tx: Tx, row: Record) -> None:
        host_id, item = row.hostId, self.item(row)
        tx.after_commit(lambda: self._changed(host_id, item))


def _clock(tx: Tx) -> int:
    """A version that is higher than those of a row deleted earlier: the host may still hold that item."""
    return tx.now // 1000 - VERSION_EPOCH
