# SPDX-License-Identifier: Apache-2.0
"""Config items: the wanted state of each host, and which versions it has applied.

One row (``configItemStatus``) per host and item holds the wanted description under a version that only grows, and the
version the host has applied. A unit changes rows; the changes are sent to the host after COMMIT, together with all
others since. A host that was away reports the digest of its items. If that differs from the wanted digest, the host
gets a full comparison, so a lost message does no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from orca import wire
from orca.network import digests
from orca.resources import rows
from orca.store import ReadTx, Tx, Vault
from orca.wire.digest import MODULUS, part

VERSION_EPOCH = 1_735_689_600
"""2025-01-01 in UTC seconds: versions count from here, so that they fit 32 bits for a lifetime."""


SEALED = "$sealed"
"""Marks a secret in a description."""


def sealed(text: str, context: str) -> dict[str, Any]:
    """A value of a description that only the host gets in clear. ``text``: as the vault sealed it for ``context``."""
    return {SEALED: [text, context]}


class ConfigItems:
    """The config items of all hosts. ``changed(host_id, item)`` is called in the event loop after COMMIT.

    ``vault`` opens what is ``sealed`` in a description; rows keep it sealed, since callers may read them.
    """

    def __init__(self, changed: Callable[[int, wire.ConfigItem], None], vault: Vault) -> None:
        self._changed = changed
        self._vault = vault

    def wanted(self, tx: ReadTx, host_id: int, name: str) -> dict[str, Any] | None:
        """The description of an item, None if it is not wanted."""
        row = _row(tx, host_id, name)
        description: dict[str, Any] | None = None if row is None else row.description
        return description

    def begin(self, tx: Tx, host_id: int) -> None:
        """A host joins: from now on its digest is known."""
        if digests.begin(tx, host_id):
            self.recount(tx, host_id)

    def put(self, tx: Tx, host_id: int, name: str, description: Mapping[str, Any]) -> bool:
        """Want ``description`` for item ``name`` on a host; return False, without a new version, if nothing changes."""
        change = self._put(tx, host_id, name, description, _row(tx, host_id, name))
        digests.change(tx, host_id, wanted=change or 0)
        return change is not None

    def put_all(self, tx: Tx, host_id: int, descriptions: Mapping[str, Mapping[str, Any]]) -> None:
        """Want many items on a host, read together."""
        present = self._rows(tx, host_id, descriptions)
        changes = [self._put(tx, host_id, name, each, present.get(name)) for name, each in descriptions.items()]
        digests.change(tx, host_id, wanted=sum(filter(None, changes)))

    def follow(self, tx: Tx, items: Mapping[tuple[int, str], Mapping[str, Any] | None]) -> None:
        """Want items by host and name, or no longer where the description is None. Removed hosts are passed over."""
        keys = [_key(*key) for key in items]
        present = {(row.hostId, row.name): row for row in tx.find(rows.ConfigItemStatus, liveKey=keys)}
        changes: Counter[int] = Counter()
        for (host_id, name), description in items.items():
            host = tx.get(rows.Host, host_id)
            if host is None or host.removed is not None:
                continue  # its items were removed with it
            row = present.get((host_id, name))
            change = self._drop(tx, row) if description is None else self._put(tx, host_id, name, description, row)
            changes[host_id] += change or 0
        for host_id, change in changes.items():
            digests.change(tx, host_id, wanted=change)

    def _put(
        self, tx: Tx, host_id: int, name: str, description: Mapping[str, Any], row: rows.ConfigItemStatus | None
    ) -> int | None:
        """Returns the change of the digest of what is wanted; None: nothing changes."""
        if row is None:
            host = tx.require(rows.Host, host_id)
            row = tx.insert(
                rows.ConfigItemStatus,
                accountId=host.accountId,
                agentId=host.agentId,
                hostId=host_id,
                name=name,
                requestedVersion=_clock(tx),
                requestedUpdated=tx.now,
                description=dict(description),
            )
            change = part(name, row.requestedVersion)
        elif row.description == description:
            return None
        else:
            change = self._bump(tx, row, dict(description))
        self._announce(tx, row)
        return change

    def drop(self, tx: Tx, host_id: int, name: str) -> bool:
        """Stop wanting item ``name``; its row stays until the host reports that it is gone."""
        change = self._drop(tx, _row(tx, host_id, name))
        digests.change(tx, host_id, wanted=change or 0)
        return change is not None

    def drop_all(self, tx: Tx, host_id: int, names: Collection[str]) -> None:
        """Stop wanting many items of a host."""
        changes = [self._drop(tx, row) for row in self._rows(tx, host_id, names).values()]
        digests.change(tx, host_id, wanted=sum(filter(None, changes)))

    def drop_everywhere(self, tx: Tx, name: str) -> None:
        """Stop wanting item ``name`` on all hosts."""
        for row in tx.find(rows.ConfigItemStatus, name=name):
            digests.change(tx, row.hostId, wanted=self._drop(tx, row) or 0)

    def drop_rows(self, tx: Tx, ids: Collection[int]) -> None:
        """Stop wanting the items of those rows."""
        for row in tx.find(rows.ConfigItemStatus, id=ids):
            digests.change(tx, row.hostId, wanted=self._drop(tx, row) or 0)

    def _drop(self, tx: Tx, row: rows.ConfigItemStatus | None) -> int | None:
        """Returns the change of the digest of what is wanted; None: nothing changes."""
        if row is None or row.description is None:
            return None
        change = self._bump(tx, row, None)
        self._announce(tx, row)
        return change

    @staticmethod
    def _rows(tx: Tx, host_id: int, names: Collection[str]) -> dict[str, rows.ConfigItemStatus]:
        keys = [_key(host_id, name) for name in names]
        return {row.name: row for row in tx.find(rows.ConfigItemStatus, liveKey=keys)} if keys else {}

    def forget(self, tx: Tx, host_id: int) -> None:
        """Delete every row of a host that is being removed."""
        for row in tx.find(rows.ConfigItemStatus, hostId=host_id):
            tx.delete(row)
        digests.forget(tx, host_id)

    def compare(self, tx: ReadTx, host_id: int, applied: Mapping[str, int]) -> wire.ConfigUpdate:
        """The complete update for a host that reports what it has applied; unchanged items come without description."""
        items = []
        for row in tx.find(rows.ConfigItemStatus, hostId=host_id):
            if row.description is None:
                continue
            if applied.get(row.name) == row.requestedVersion:
                items.append(wire.ConfigItem(name=row.name, version=row.requestedVersion))
            else:
                items.append(self.item(row))
        return wire.ConfigUpdate(items=items, complete=True)

    def record(self, tx: Tx, host_id: int, sent: Collection[wire.ConfigItem], reply: wire.ConfigApplied) -> None:
        """Store a host's answer to some items; items that the rows know as applied cost no write."""
        found = self._rows(tx, host_id, [item.name for item in sent])
        change = 0
        for item in sent:
            row = found.get(item.name)
            if row is None:
                continue
            error = reply.errors.get(item.name)
            version = reply.applied.get(item.name)
            if version is None and error is None and item.description is msgspec.UNSET:
                version = item.version
            if item.description is None and (error is None or (reply.applied and version is None)):
                # A removed item is not among the versions in effect, and may be wanted again meanwhile. An agent that
                # was downgraded refuses names of items that it does not know, and does not have them.
                if item.version == row.requestedVersion:
                    _gone(tx, row)
            elif version is not None and 0 <= version <= row.requestedVersion:
                if (row.appliedVersion, row.error) == (version, None):
                    continue
                change += part(row.name, version) - part(row.name, row.appliedVersion)
                tx.update(row, appliedVersion=version, appliedUpdated=tx.now, error=None)
            elif error is not None:
                tx.update(row, error=error)
        digests.change(tx, host_id, applied=change)

    def unwanted(self, tx: ReadTx, host_id: int, sent: wire.ConfigUpdate) -> list[int]:
        """The rows of items that a host no longer has, since a complete update did not name them."""
        kept = {item.name for item in sent.items}
        found = tx.find(rows.ConfigItemStatus, hostId=host_id)
        return [row.id for row in found if row.name not in kept and row.description is None]

    def forget_unwanted(self, tx: Tx, ids: Collection[int]) -> None:
        """Delete such rows; one that is wanted again meanwhile stays."""
        for row in tx.find(rows.ConfigItemStatus, id=ids):
            if row.description is None:
                _gone(tx, row)

    def miscounted(self, tx: ReadTx, host_id: int) -> bool:
        """True if the digests of a host do not match its rows."""
        held = digests.numbers(tx, host_id)
        return held is not None and held != _sums(tx, host_id)

    def recount(self, tx: Tx, host_id: int) -> None:
        """Compute the digests of a host from its rows, so that an error in them does not last."""
        # A unit that changes an item of the host from here on adds to the result below.
        digests.put(tx, host_id, 0, 0)
        digests.put(tx, host_id, *_sums(tx, host_id))

    def item(self, row: rows.ConfigItemStatus) -> wire.ConfigItem:
        """The wire form of a row, with its secrets in clear."""
        description = None if row.description is None else self._opened(row.description)
        return wire.ConfigItem(name=row.name, version=row.requestedVersion, description=description)

    def _opened(self, description: dict[str, Any]) -> dict[str, Any]:
        secret = {
            key: value[SEALED]
            for key, value in description.items()
            if isinstance(value, dict) and value.keys() == {SEALED}
        }
        return {**description, **{key: self._vault.open(*value) for key, value in secret.items()}}

    @staticmethod
    def _bump(tx: Tx, row: rows.ConfigItemStatus, description: dict[str, Any] | None) -> int:
        """Give a row its next version; returns the change of the digest of what is wanted."""
        version = max(_clock(tx), row.requestedVersion + 1)
        before = None if row.description is None else row.requestedVersion
        after = None if description is None else version
        tx.update(row, requestedVersion=version, requestedUpdated=tx.now, description=description, error=None)
        return part(row.name, after) - part(row.name, before)

    def _announce(self, tx: Tx, row: rows.ConfigItemStatus) -> None:
        host_id, item = row.hostId, self.item(row)
        tx.after_commit(lambda: self._changed(host_id, item))


def _clock(tx: Tx) -> int:
    """A version above those of a row that was deleted earlier, because the host may still have that item."""
    return tx.now // 1000 - VERSION_EPOCH


def _key(host_id: int, name: str) -> str:
    """The unique key of a row."""
    return f"{host_id}:{name}"


def _row(tx: ReadTx, host_id: int, name: str) -> rows.ConfigItemStatus | None:
    return tx.first(rows.ConfigItemStatus, liveKey=_key(host_id, name))


def _gone(tx: Tx, row: rows.ConfigItemStatus) -> None:
    """Handle a host's report that it no longer has an item."""
    digests.change(tx, row.hostId, applied=-part(row.name, row.appliedVersion))
    tx.delete(row)


def _sums(tx: ReadTx, host_id: int) -> tuple[int, int]:
    """The digests of a host, computed from its rows."""
    found = tx.find(rows.ConfigItemStatus, hostId=host_id)
    wanted = sum(part(row.name, row.requestedVersion) for row in found if row.description is not None)
    applied = sum(part(row.name, row.appliedVersion) for row in found)
    return wanted % MODULUS, applied % MODULUS
