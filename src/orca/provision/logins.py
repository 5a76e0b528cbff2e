# SPDX-License-Identifier: Apache-2.0
"""Credentials of people and programs: API keys, and logins with a password (credential type ``password``)."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.provision.accounts import is_reserved, may_own_credentials
from orca.provision.credentials import check_login, new_access_key, new_secret_key, secret_hash
from orca.provision.passwords import Passwords
from orca.resources.credential import MIN_PASSWORD
from orca.resources.errors import Refused
from orca.store import ReadTx, Record, Tx

MADE_BY = "role"
"""The key of the JSON column for the role of whoever made a credential, where it is less than the account's own."""
LESSER = ("restricted", "readonly")

behaviour = Behaviour()


def as_much_as(call: Call) -> dict[str, Any]:
    """What a project's credential remembers of who made it: it must not do more than they may."""
    return {MADE_BY: call.role} if call.role in LESSER else {}


@behaviour.create("apiKey")
def create_key(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A key for the caller's account. Its secret is in this answer and nowhere else."""
    owner = fields.get("accountId") or call.account_id
    may_own_credentials(tx, call, owner)
    secret = fields.get("secretValue") or new_secret_key()
    if len(secret) < MIN_PASSWORD:
        raise Refused("MinLengthExceeded", f"a secret has at least {MIN_PASSWORD} characters", field="secretValue")
    record = tx.insert(
        "apiKey",
        accountId=owner,
        name=fields.get("name"),
        description=fields.get("description"),
        publicValue=fields.get("publicValue") or new_access_key(),
        secretHash=secret_hash(secret),
        data=as_much_as(call),
    )
    call.once[record.id, "secretValue"] = secret
    call.request(tx, record, "create")
    return record


@behaviour.create("password")
def create_password(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A login for the caller's account, by the name in ``publicValue``."""
    owner = fields.get("accountId") or call.account_id
    may_own_credentials(tx, call, owner)
    check_login(fields["publicValue"], "publicValue")
    record = tx.insert(
        "password",
        accountId=owner,
        name=fields.get("name"),
        description=fields.get("description"),
        publicValue=fields["publicValue"],
        secretHash=call.services.part(Passwords).hashed(fields["secretValue"], "secretValue"),
        data=as_much_as(call),
    )
    call.request(tx, record, "create")
    return record


@behaviour.action("password.changesecret")
def change_secret(tx: Tx, call: Call, login: Record, given: dict[str, Any]) -> dict[str, Any]:
    """Another password. All tokens that were signed for with the old one are worthless from now on."""
    passwords = call.services.part(Passwords)
    if not passwords.matches(str(login.publicValue), call.client, str(login.secretHash), given["oldSecret"]):
        raise Refused("InvalidOldPassword", "oldSecret is not the password", field="oldSecret", status=400)
    tx.update(login, secretHash=passwords.hashed(given["newSecret"], "newSecret"))
    end_sessions(tx, login.accountId)
    return {"type": "changeSecretInput", "oldSecret": None, "newSecret": None}


def end_sessions(tx: Tx, account_id: int) -> None:
    """All tokens of an account open nothing from now on."""
    for row in tx.find("authToken", accountId=account_id):
        tx.delete(row)


@behaviour.offered("credential.activate", "credential.deactivate", "credential.remove", "credential.purge")
def may_be_switched(tx: ReadTx, call: Call, record: Record) -> bool:
    """Nobody but superadmin takes a key of superadmin away."""
    account = tx.get("account", record.accountId)
    return account is None or not is_reserved(call, account.kind)


@behaviour.remove("credential")
def remove_credential(tx: Tx, call: Call, record: Record) -> Record:
    """A key is refused from this moment, whatever its process does next."""
    if record.state == "active":
        raise Refused("Method not allowed", "deactivate the key first", status=405)
    call.request(tx, record, "remove")
    return record
