# SPDX-License-Identifier: Apache-2.0
"""Behaviour of the types that belong to the API itself: keys, settings, members of projects, plain generic removal."""

from __future__ import annotations

from typing import Any

from orca.api.passwords import hash_password
from orca.engine import Behaviour, Call
from orca.provision import settings
from orca.provision.credentials import new_access_key, new_secret_key, secret_hash
from orca.resources.errors import Refused
from orca.store import ReadTx, Record, Tx

MIN_SECRET = 12
"""Characters of a secret that somebody chooses."""

behaviour = Behaviour()


@behaviour.create("apiKey")
def create_key(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A key for the caller's account. Its secret is in this answer and nowhere else."""
    secret = fields.get("secretValue") or new_secret_key()
    if len(secret) < MIN_SECRET:
        raise Refused("MinLengthExceeded", f"a secret has at least {MIN_SECRET} characters", field="secretValue")
    record = tx.insert(
        "apiKey",
        accountId=fields.get("accountId") or call.account_id,
        name=fields.get("name"),
        description=fields.get("description"),
        publicValue=fields.get("publicValue") or new_access_key(),
        secretHash=secret_hash(secret),
    )
    call.once[record.id, "secretValue"] = secret
    call.request(tx, record, "create")
    return record


@behaviour.create("password")
def create_password(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A login for the caller's account. Hashing takes its time, but logins are seldom made."""
    password = fields.get("secretValue") or ""
    if len(password) < MIN_SECRET:
        raise Refused("MinLengthExceeded", f"a password has at least {MIN_SECRET} characters", field="secretValue")
    record = tx.insert(
        "password",
        accountId=fields.get("accountId") or call.account_id,
        name=fields.get("name"),
        description=fields.get("description"),
        publicValue=fields.get("publicValue"),
        secretHash=hash_password(password),
    )
    call.request(tx, record, "create")
    return record


@behaviour.create("setting")
def create_setting(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """Setting what is already set changes it, as in v1."""
    return settings.put(tx, fields["name"], fields.get("value"))


@behaviour.update("setting")
def update_setting(tx: Tx, call: Call, record: Record, fields: dict[str, Any]) -> Record:
    """Give it another value."""
    return settings.put(tx, record.name, fields.get("value", record.value))


@behaviour.remove("setting")
def remove_setting(tx: Tx, call: Call, record: Record) -> Record:
    """Back to the default."""
    return settings.put(tx, record.name, None)


@behaviour.computed("setting.activeValue")
def active_value(tx: ReadTx, call: Call, record: Record) -> str | None:
    """The value in force."""
    return settings.value(tx, record.name)


@behaviour.computed("setting.source")
def source(tx: ReadTx, call: Call, record: Record) -> str:
    """Where the value in force comes from."""
    return "Default" if record.value is None else "Database"


@behaviour.computed("setting.inDb")
def in_db(tx: ReadTx, call: Call, record: Record) -> bool:
    """Whether somebody set it."""
    return record.value is not None


@behaviour.create("project")
def create_project(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """A project; its creator owns it unless members are named."""
    members = fields.pop("members", None) or [{"externalId": str(call.user_id), "role": "owner"}]
    record = tx.insert("project", **fields)
    replace_members(tx, record, members)
    call.request(tx, record, "create")
    return record


@behaviour.action("project.setmembers")
def set_members(tx: Tx, call: Call, record: Record, given: dict[str, Any]) -> dict[str, Any]:
    """Replace all members at once."""
    members = given.get("members") or []
    if not members:
        raise Refused("NotNullable", "a project has at least one member", field="members")
    replace_members(tx, record, members)
    return {"type": "setProjectMembersInput", "members": given["members"]}


@behaviour.computed("project.members")
def members_of(tx: ReadTx, call: Call, record: Record) -> list[dict[str, Any]] | None:
    """Members are rows of their own; the field is for creating only."""
    return None


def replace_members(tx: Tx, project: Record, members: list[dict[str, Any]]) -> None:
    """Make the project's members exactly these."""
    for old in tx.find("projectMember", projectId=project.id):
        tx.update(old, state="removed", removed=tx.now)
    for member in members:
        tx.insert(
            "projectMember",
            projectId=project.id,
            accountId=project.id,
            state="active",
            externalId=str(member.get("externalId")).removeprefix("1a"),
            externalIdType=member.get("externalIdType") or "rancher_id",
            role=member.get("role") or "member",
            name=member.get("name"),
        )


@behaviour.remove("credential")
def remove_credential(tx: Tx, call: Call, record: Record) -> Record:
    """A key is refused from this moment, whatever its process does next."""
    if record.state == "active":
        raise Refused("Method not allowed", "deactivate the key first", status=405)
    call.request(tx, record, "remove")
    return record
