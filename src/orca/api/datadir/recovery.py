# SPDX-License-Identifier: Apache-2.0
"""Going on without keys that are lost: others are made, and what was sealed with the old ones is marked as lost.

What can be made again is made again; what somebody must give again is named.
"""

from __future__ import annotations

import time
from pathlib import Path

from orca.api.connections import tls
from orca.api.datadir import bootstrap, master_key
from orca.api.datadir import layout as directory
from orca.api.datadir.layout import StartError
from orca.provision.certificates import api as certificates
from orca.provision.hosts import machines, registration
from orca.provision.projects import api as projects
from orca.resources import ids, schema
from orca.resources.spoken import spoken
from orca.storage import registries
from orca.store import CannotOpen, Database, Record, Tx, Vault

SEALED: tuple[tuple[str, str, str, str], ...] = (
    ("registrationToken", "secret", registration.TOKEN_CONTEXT, "removed; hosts join with a new one"),
    ("register", "secret", registration.AGENT_CONTEXT, "the host registers again"),
    ("registryCredential", "secret", registries.CONTEXT, "give its secretValue again"),
    ("certificate", "secret", certificates.CONTEXT, "give its key again, with the certificate"),
    ("machine", "secret", machines.CONTEXT, "its driver's secrets are gone; make a new machine"),
    ("machine", "config", machines.CONFIG_CONTEXT, "its bundle is gone"),
)
"""Rows with a sealed key of ``data``: type, key, context, what follows."""


async def recover(data_dir: Path, url: str, *, own_database: bool) -> list[str]:
    """Make the files that are missing, and mark what nobody can read; what was done, a line each.

    The caller holds the data directory. Raises ``StartError`` when the database itself is lost.
    """
    lost = directory.losses(data_dir, own_database=own_database)
    if not directory.in_use(data_dir):
        raise StartError(f"{data_dir} was not in use; there is nothing to recover")
    for loss in lost:
        if not loss.made:
            raise StartError(f"{data_dir / loss.name} {loss.what}: restore a backup first")
    done = [_replace(data_dir, loss) for loss in lost]
    if any(loss.name in directory.AUTHORITY for loss in lost):
        for name in directory.AUTHORITY:
            (data_dir / name).unlink(missing_ok=True)
        tls.make_authority(data_dir / "tls")
        done.append("the server has a new authority: agents and clients do not trust it; register every host again")
    bootstrap.identity(data_dir)
    vault = Vault.open_file(data_dir / directory.MASTER_KEY)
    try:
        db = await Database.join(url, schema())
        try:
            return done + await db.write(lambda tx: forget(tx, vault))
        finally:
            await db.close()
    except CannotOpen as error:
        raise StartError(str(error)) from error


def _replace(data_dir: Path, loss: directory.Loss) -> str:
    """Take a damaged file out of the way; it is kept, for it may be of use to somebody."""
    path = data_dir / loss.name
    if not path.exists():
        return f"{loss.name} was missing: made again"
    kept = path.with_name(f"{path.name}.lost-{int(time.time())}")
    path.replace(kept)
    return f"{loss.name} {loss.what.replace('is ', 'was ')}: made again; the old one is {kept.name}"


def forget(tx: Tx, vault: Vault) -> list[str]:
    """Mark what was sealed with another key than this one; a line for each."""
    told = [
        _marked(tx, row, key, follows)
        for type, key, context, follows in SEALED
        for row in tx.find(type)
        if row.data.get(key) is not None and not vault.opens(row.data[key], context)
    ]
    for network in tx.find("network"):
        if network.caKey and not vault.opens(network.caKey, projects.CA_CONTEXT):
            told.append(_new_authority(tx, vault, network))
    master_key.keep(tx, vault)
    return told


def _marked(tx: Tx, row: Record, key: str, follows: str) -> str:
    tx.update(row, data={key: None})
    if row.type == "registrationToken":
        tx.update(row, state="removed", removed=tx.now, removeTime=tx.now)
    name = f" {row.name}" if row.name else ""
    what = f"{spoken(row.type)} {ids.show(row.type, row.id)}{name}"
    return f"{what} of account {ids.show('account', row.accountId)}: {follows}"


def _new_authority(tx: Tx, vault: Vault, network: Record) -> str:
    project = tx.require("account", network.accountId)
    authority = projects.new_authority(tx, project)
    sealed = vault.seal(authority.key, projects.CA_CONTEXT)
    tx.update(network, caCertificate=authority.certificate, caKey=sealed)
    shown = ids.show("account", project.id)
    return f"project {shown} {project.name}: its mesh has a new authority; hosts get certificates when they connect"
