# SPDX-License-Identifier: Apache-2.0
"""Credentials of people and programs: API keys, and logins with a password (credential type ``password``)."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, request_removal
from orca.provision.people.accounts import is_reserved, may_own_credentials
from orca.provision.people.credentials import check_login, new_access_key, new_secret_key, secret_hash
from orca.provision.people.passwords import Passwords
from orca.provision.people.roles import PROJECT_ROLES
from orca.resources import ids, rows
from orca.resources.credential import MIN_PASSWORD
from orca.resources.errors import Refused
from orca.resources.types import OWNERS
from orca.store import ReadTx, Record, Tx

LESSER = ("restricted", "readonly")
"""Roles whose credentials may do less than the project's own."""
OTHERS = "its maker has a higher role than you: ask an owner of the project"

behaviour = Behaviour()


def role_in_project(tx: ReadTx, call: Call) -> str:
    """The caller's role in the project it acts for: one of ``PROJECT_ROLES``, or else its own role.

    A caller who owns every project is an owner. A project's key has its maker's role; without one it is a member.
    """
    if call.role == "project":
        return maker(tx, call.proof) or "member"
    return "owner" if call.role in OWNERS else call.role


def maker(tx: ReadTx, proof: Record | None) -> str | None:
    """The role of the maker of the shown credential, or of the one that began the session; None if not recorded."""
    login = tx.get(rows.Credential, ids.parse(proof.value)) if isinstance(proof, rows.AuthToken) else proof
    return login.role if isinstance(login, rows.Credential) else None


def made_by(tx: ReadTx, call: Call) -> str | None:
    """The maker's role for a new project credential: it may do no more, and lesser roles cannot change it."""
    account, role = tx.get(rows.Account, call.account_id), role_in_project(tx, call)
    known = account is not None and account.kind == "project" and role in PROJECT_ROLES
    return role if known else None


@behaviour.create("apiKey")
def create_key(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ApiKey:
    """A key for the caller's account. Only this answer shows its secret; a secret that is given as null stays null, and
    nobody signs in with the key.
    """
    may_own_credentials(tx, call)
    secret = new_secret_key() if fields.get("secretValue", "") == "" else fields["secretValue"]
    if secret is not None and len(secret) < MIN_PASSWORD:
        raise Refused("MinLengthExceeded", f"a secret has at least {MIN_PASSWORD} characters", field="secretValue")
    record = tx.insert(
        rows.ApiKey,
        accountId=call.account_id,
        name=fields.get("name"),
        description=fields.get("description"),
        publicValue=fields.get("publicValue") or new_access_key(),
        secretHash=None if secret is None else secret_hash(secret),
        role=made_by(tx, call),
    )
    call.once[record.id, "secretValue"] = secret
    call.request(tx, record, "create")
    return record


@behaviour.create("password")
def create_password(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Password:
    """A login for the caller's account, by the name in ``publicValue``."""
    may_own_credentials(tx, call)
    check_login(fields["publicValue"], "publicValue")
    record = tx.insert(
        rows.Password,
        accountId=call.account_id,
        name=fields.get("name"),
        description=fields.get("description"),
        publicValue=fields["publicValue"],
        secretHash=call.core.part(Passwords).hashed(fields["secretValue"], "secretValue"),
        role=made_by(tx, call),
    )
    call.request(tx, record, "create")
    return record


@behaviour.action("password.changesecret")
def change_secret(tx: Tx, call: Call, login: rows.Password, given: dict[str, Any]) -> dict[str, Any]:
    """Change the password. All tokens that were issued for the old one are invalid from now on."""
    passwords = call.core.part(Passwords)
    if not passwords.matches(str(login.publicValue), call.client, str(login.secretHash), given["oldSecret"]):
        raise Refused("InvalidOldPassword", "oldSecret is not the password", field="oldSecret", status=400)
    tx.update(login, secretHash=passwords.hashed(given["newSecret"], "newSecret"))
    end_sessions(tx, login.accountId)
    return {"type": "changeSecretInput", "oldSecret": None, "newSecret": None}


def end_sessions(tx: Tx, account_id: int) -> None:
    """Invalidate all tokens of an account."""
    for row in tx.find(rows.AuthToken, accountId=account_id):
        tx.delete(row)


@behaviour.offered(
    "credential.activate", "credential.deactivate", "credential.remove", "credential.purge", otherwise=OTHERS
)
def may_be_switched(tx: ReadTx, call: Call, record: rows.Credential) -> bool:
    """True if a key may be switched: only superadmin may for its own keys, nobody for a key of a higher role."""
    account = tx.get(rows.Account, record.accountId)
    return account is None or not (is_reserved(call, account.kind) or is_above(tx, call, record, account))


def is_above(tx: ReadTx, call: Call, record: rows.Credential, account: rows.Account) -> bool:
    """True if the maker of a project's key or login has a higher role there than the caller.

    Without a recorded maker it counts as an owner's. A key may always end itself.
    """
    if account.kind != "project" or record.type not in ("apiKey", "password"):
        return False
    if call.proof is not None and call.proof.root == "credential" and call.proof.id == record.id:
        return False
    role = role_in_project(tx, call)
    made = record.role or "owner"
    return role not in PROJECT_ROLES or PROJECT_ROLES.index(role) > PROJECT_ROLES.index(made)


@behaviour.remove("credential")
def remove_credential(tx: Tx, call: Call, record: rows.Credential) -> rows.Credential:
    """Remove a key: it is refused at once; an active one is deactivated first."""
    if not may_be_switched(tx, call, record):
        raise Refused("Method not allowed", OTHERS, status=405)
    request_removal(call.core.engine, tx, record)
    return record
