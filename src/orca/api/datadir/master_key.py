# SPDX-License-Identifier: Apache-2.0
"""Check that a database was sealed with this server's key.

With another key the server could read none of its secrets, and others could not read what this server seals. The
database holds a digest of the key, which reveals nothing about it.
"""

from __future__ import annotations

import hmac

from orca.api.datadir.layout import StartError
from orca.provision.projects.api import CA_CONTEXT
from orca.resources import rows
from orca.store import Database, ReadTx, Tx, Vault

CURE = (
    "put back the master.key that belongs to this database (a second server needs a database of its own), or do"
    " without what was sealed: orca server --data-dir DIR --recover-keys"
)


async def verify(db: Database, vault: Vault) -> None:
    """Check that the key fits, and store its digest if there is none yet. Raises ``StartError``."""
    known = await db.read(lambda tx: fits(tx, vault))
    if known is False:
        raise StartError(f"master.key is not the key that this database was sealed with: {CURE}")
    if known is None:
        await db.write(lambda tx: keep(tx, vault))


def fits(tx: ReadTx, vault: Vault) -> bool | None:
    """True if the key is the database's own; None if the database does not show it, but nothing contradicts it."""
    system = tx.first(rows.Account, uuid="system")
    kept = None if system is None else system.masterKey
    if kept is not None:
        return hmac.compare_digest(kept, digest(vault))
    sealed = next((network.caKey for network in tx.find(rows.HostOnlyNetwork) if network.caKey), None)
    return None if sealed is None or vault.opens(sealed, CA_CONTEXT) else False


def keep(tx: Tx, vault: Vault) -> None:
    """Note which key the database is sealed with."""
    system = tx.first(rows.Account, uuid="system")
    assert system is not None
    tx.update(system, masterKey=digest(vault))


def digest(vault: Vault) -> str:
    """The digest of a key."""
    return vault.derive("check").hex()
