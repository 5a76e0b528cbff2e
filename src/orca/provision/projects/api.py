# SPDX-License-Identifier: Apache-2.0
"""Projects and their first parts: their networks and the certificate authority of the mesh."""

from __future__ import annotations

from datetime import UTC, datetime

from orca.engine import Assembly, Behaviour, Run
from orca.network.pki import Authority
from orca.provision.settings import values as settings
from orca.resources import ids, rows
from orca.resources.network import MANAGED, NETWORK_KINDS
from orca.store import Tx, Vault

DEFAULT_PROJECT = "Default"
CA_CONTEXT = "network.caKey"
"""The context that binds a sealed authority key to its use."""

behaviour = Behaviour()


def install(assembly: Assembly) -> None:
    """Add the behaviour of projects, and the first project to a new database."""
    assembly.add(behaviour)
    assembly.at_first_start(lambda tx: create_default(tx, assembly.vault))


def create_default(tx: Tx, vault: Vault) -> rows.Account:
    """The project that everybody uses until they make another one."""
    existing = tx.first(rows.Project, name=DEFAULT_PROJECT)
    project = existing or tx.insert(rows.Project, kind="project", name=DEFAULT_PROJECT, state="active")
    equip(tx, vault, project)
    return project


def equip(tx: Tx, vault: Vault, project: rows.Account) -> None:
    """Make the networks of a project that are missing: one of each kind, as in 2015."""
    present = {network.kind for network in tx.find(rows.Network, accountId=project.id)}
    for mode, kind in NETWORK_KINDS.items():
        if kind in present:
            continue
        network = tx.insert(rows.Network, accountId=project.id, kind=kind, name=mode, state="active")
        if mode == MANAGED:
            authority = new_authority(tx, project)
            tx.update(
                network,
                cidr=settings.value(tx, settings.NETWORK_CIDR),
                caCertificate=authority.certificate,
                caKey=vault.seal(authority.key, CA_CONTEXT),
            )
            tx.update(project, defaultNetworkId=network.id)


def new_authority(tx: Tx, project: rows.Account) -> Authority:
    """An authority for a project's mesh.

    Its name holds the project's id, because RFC 5280 limits a name to 64 characters.
    """
    now = datetime.fromtimestamp(tx.now / 1000, UTC)
    return Authority.create(f"orca project {ids.show('project', project.id)}", now)


def authority_of(vault: Vault, network: rows.Network) -> Authority:
    """The certificate authority of a project's mesh."""
    if network.caCertificate is None or network.caKey is None:
        raise LookupError(f"network {network.id} is not a managed one")
    return Authority(network.caCertificate, vault.open(network.caKey, CA_CONTEXT))


@behaviour.process("project.create")
async def create_project(run: Run) -> None:
    """A project is usable once it has its networks."""
    run.finish(lambda tx: equip(tx, run.core.vault, run.resource(tx, rows.Project)))
