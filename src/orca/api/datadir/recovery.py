# SPDX-License-Identifier: Apache-2.0
"""Recover from lost keys: make new ones, and mark what was sealed with the old ones as lost.

Files that can be made again are made; the result names what people must give again.
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
from orca.resources import ids, rows, schema
from orca.resources.spoken import spoken
from orca.storage import registries
from orca.store import CannotOpen, Database, Tx, Vault

SEALED: tuple[tuple[type[rows.Resource], str, str, str], ...] = (
    (rows.RegistrationToken, "secret", registration.TOKEN_CONTEXT, "removed; hosts join with a new one"),
    (rows.Register, "secret", registration.AGENT_CONTEXT, "the host registers again"),
    (rows.RegistryCredential, "secret", registries.CONTEXT, "give its secretValue again"),
    (rows.Certificate, "secret", certificates.CONTEXT, "give its key again, with the certificate"),
    (rows.Machine, "secret", machines.CONTEXT, "its driver's secrets are gone; make a new machine"),
    (rows.Machine, "config", machines.CONFIG_CONTEXT, "its bundle is gone"),
)
"""Rows with a sealed key of ``data``: type, key, context, consequence."""


async def recover(data_dir: Path, url: str, *, own_database: bool) -> list[str]:
    """Make missing files, and mark unreadable secrets as lost; return what was done, a line each.

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
    """Move a damaged file aside; it is kept, because it may be useful."""
    path = data_dir / loss.name
    if not path.exists():
        return f"{loss.name} was missing: made again"
    kept = path.with_name(f"{path.name}.lost-{int(time.time())}")
    path.replace(kept)
    return f"{loss.name} {loss.what.replace('is ', 'was ')}: made again; the old one is {kept.name}"


def forget(tx: Tx, vault: Vault) -> list[str]:
    """Mark what was sealed with another key as lost; return a line for each."""
    told = [
        _marked(tx, row, key, follows)
        for type, key, context, follows in SEALED
        for row in tx.find(type)
        if (sealed := row.get(key)) is not None and not vault.opens(sealed, context)
    ]
    for network in tx.find(rows.HostOnlyNetwork):
        if network.caKey and not vault.opens(network.caKey, projects.CA_CONTEXT):
            told.append(_new_authority(tx, vault, network))
    master_key.keep(tx, vault)
    return told


def _marked(tx: Tx, row: rows.Resource, key: str, follows: str) -> str:
    tx.update(row, **{key: None})
    if isinstance(row, rows.RegistrationToken):
        tx.update(row, state="removed", removed=tx.now, removeTime=tx.now)
    name = f" {row.name}" if row.name else ""
    owner = f" of account {ids.show('account', row.accountId)}" if row.accountId is not None else ""
    return f"{spoken(row.type)} {ids.show(row.type, row.id)}{name}{owner}: {follows}"


def _new_authority(tx: Tx, vault: Vault, network: rows.Network) -> str:
    project = tx.require(rows.Account, network.accountId)
    authority = projects.new_authority(tx, project)
    sealed = vault.seal(authority.key, projects.CA_CONTEXT)
    tx.update(network, caCertificate=authority.certificate, caKey=sealed)
    shown = ids.show("account", project.id)
    return f"project {shown} {project.name}: its mesh has a new authority; hosts get certificates when they connect"
