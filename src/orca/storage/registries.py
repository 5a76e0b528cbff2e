# SPDX-License-Identifier: Apache-2.0
"""Registries of a project and the credentials its hosts pull with."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Run, discard
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage.references import registry_of
from orca.store import ReadTx, Tx, Vault
from orca.wire import RegistryAuth

CONTEXT = "registryCredential.secret"

behaviour = Behaviour()


@behaviour.create("registry")
def create_registry(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Registry:
    """Create a registry; its address is unique in a project."""
    address = str(fields["serverAddress"]).strip().removeprefix("https://").rstrip("/").lower()
    if tx.count(rows.Registry, accountId=call.account_id, serverAddress=address):
        raise Refused("ServerAddressUsed", f"this project knows {address} already", field="serverAddress", status=400)
    row = tx.insert(rows.Registry, **{**fields, "accountId": call.account_id, "serverAddress": address})
    call.request(tx, row, "create")
    return row


@behaviour.process("registry.remove", "registry.purge")
async def remove_registry(run: Run) -> None:
    """Remove a registry with its credentials."""

    def unit(tx: Tx) -> None:
        discard(tx, *tx.find(rows.RegistryCredential, registryId=run.resource_id))

    run.finish(unit)


@behaviour.create("registryCredential")
def create_credential(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.RegistryCredential:
    """Create the credentials with which hosts pull. The secret is sealed; no answer holds it."""
    registry = tx.get(rows.Registry, fields["registryId"])
    if registry is None or registry.accountId != call.account_id or registry.removed is not None:
        raise Refused("InvalidReference", "registryId: there is no such registry", field="registryId")
    secret = fields.pop("secretValue", None)
    row = tx.insert(rows.RegistryCredential, **{**fields, "accountId": call.account_id})
    row = _keep(tx, call, row, secret)
    call.request(tx, row, "create")
    return row


@behaviour.update("registryCredential")
def update_credential(
    tx: Tx, call: Call, row: rows.RegistryCredential, fields: dict[str, Any]
) -> rows.RegistryCredential:
    """Change a credential; without a new secret the old one stays."""
    secret = fields.pop("secretValue", None)
    return _keep(tx, call, tx.update(row, **fields), secret)


def _keep(tx: Tx, call: Call, row: rows.RegistryCredential, secret: str | None) -> rows.RegistryCredential:
    return row if secret is None else tx.update(row, secret=call.core.vault.seal(secret, CONTEXT))


def credential_of(tx: ReadTx, account_id: int, reference: str) -> rows.RegistryCredential | None:
    """The project's newest active credential for the registry that an image reference names."""
    registry = tx.first(rows.Registry, accountId=account_id, serverAddress=registry_of(reference), state="active")
    if registry is None:
        return None
    found = tx.find(rows.RegistryCredential, registryId=registry.id, state="active")
    return max(found, key=lambda row: row.id) if found else None


def authorization(tx: ReadTx, vault: Vault, credential_id: int | None) -> RegistryAuth | None:
    """A host's credentials for pulling; None without an active one."""
    row = tx.get(rows.RegistryCredential, credential_id)
    if row is None or row.state != "active":
        return None
    registry = tx.get(rows.Registry, row.registryId)
    sealed = row.secret
    return RegistryAuth(
        username=row.publicValue or "",
        password="" if sealed is None else vault.open(sealed, CONTEXT),
        email=row.email or "",
        server_address="" if registry is None else registry.serverAddress,
    )
