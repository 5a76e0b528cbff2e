# SPDX-License-Identifier: Apache-2.0
"""Registries of a project and the credentials its hosts pull with."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Run, discard
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage.references import image_reference, registry_of
from orca.store import ReadTx, Tx, Vault
from orca.wire import RegistryAuth

CONTEXT = "registryCredential.secret"

behaviour = Behaviour()


@behaviour.create("registry")
def create_registry(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Registry:
    """Create a registry. A project may have several of one address, with credentials of their own."""
    address = str(fields["serverAddress"]).strip().removeprefix("https://").rstrip("/").lower()
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


def credential_of(tx: ReadTx, account_id: int, image_uuid: str) -> rows.RegistryCredential | None:
    """The project's newest active credential for the registry of an image."""
    address = registry_of(image_reference(image_uuid))
    known = [
        id for (id,) in tx.values(rows.Registry, "id", accountId=account_id, serverAddress=address, state="active")
    ]
    found = tx.find(rows.RegistryCredential, registryId=known, state="active") if known else []
    return max(found, key=lambda row: row.id) if found else None


def with_credential(tx: ReadTx, account_id: int, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a new container, with the credential for its image where none is given."""
    if fields.get("registryCredentialId") is not None:
        return fields
    found = credential_of(tx, account_id, str(fields["imageUuid"]))
    return fields if found is None else {**fields, "registryCredentialId": found.id}


def present_credential(tx: Tx, instance: rows.Instance) -> rows.Instance:
    """The container with a credential that is active, of its own or for its image; unchanged if there is none."""
    held = tx.get(rows.RegistryCredential, instance.registryCredentialId)
    if held is not None and held.state == "active":
        return instance
    found = credential_of(tx, instance.accountId, str(instance.imageUuid))
    return instance if found is None else tx.update(instance, registryCredentialId=found.id)


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
