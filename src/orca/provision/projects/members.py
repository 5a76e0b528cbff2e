# SPDX-License-Identifier: Apache-2.0
"""The members of a project and their roles. Source: docs/v1.md, section 6.4."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from orca.engine import Behaviour, Call, discard
from orca.provision.people.directory import meets
from orca.provision.people.identities import LOCAL, PEOPLE, WORKING, is_known, of_uuid
from orca.resources import TYPES, ids, rows
from orca.resources.errors import Refused
from orca.store import ANY, ReadTx, Tx

HOW_TO_NAME = "name an account that shares no project with you by its uuid, which its owner sees in GET /v2/identities"

behaviour = Behaviour()


@behaviour.create("project")
def create_project(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Project:
    """Create a project; its creator owns it unless members are named."""
    given = fields.pop("members", None)
    chosen = checked(tx, call, given) if given else [{"externalId": str(call.user_id), "role": "owner"}]
    check_ports(fields)
    project = tx.insert(rows.Project, **fields)
    for member in chosen:
        add(tx, project, member)
    call.request(tx, project, "create")
    return project


def check_ports(fields: dict[str, Any]) -> None:
    """Refuse a range of ports that ends before it begins. Raises ``Refused``."""
    declared = TYPES["servicesPortRange"].fields
    given = fields.get("servicesPortRange") or {}
    first, last = (given.get(name) or declared[name].default for name in ("startPort", "endPort"))
    if last < first:
        raise Refused("MinLimitExceeded", f"endPort must be at least startPort, {first}", field="endPort")


def first_project(tx: Tx, call: Call, account: rows.Account) -> None:
    """A project for a user who signs in and was never a member of any."""
    if account.kind not in PEOPLE or tx.find(rows.ProjectMember, externalId=str(account.id), removed=ANY):
        return
    project = tx.insert(rows.Project, name=f"{account.name or 'user'}-Default")
    add(tx, project, {"externalId": str(account.id), "role": "owner", "name": account.name})
    call.request(tx, project, "create")


@behaviour.action("project.setmembers")
def set_members(tx: Tx, call: Call, project: rows.Project, given: dict[str, Any]) -> dict[str, Any]:
    """Replace all members at once. Members who stay keep their row, so that only changes cause events."""
    present = {(row.externalId, row.role): row for row in tx.find(rows.ProjectMember, projectId=project.id)}
    inside = {external_id for external_id, _ in present}
    chosen = checked(tx, call, given.get("members") or [], inside)
    wanted = {(member["externalId"], member["role"]): member for member in chosen}
    for key, row in present.items():
        if key not in wanted:
            discard(tx, row)
        elif row.state != "active":
            tx.update(row, state="active")
    for key, member in wanted.items():
        if key not in present:
            add(tx, project, member)
    return {"type": "setProjectMembersInput", "members": given["members"]}


def checked(
    tx: ReadTx, call: Call, members: list[dict[str, Any]], inside: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Members as they are stored. ``inside``: ``externalId`` of the present members.

    Raises:
        Refused: an unknown account, a member named twice, no owner who can sign in.
    """
    if not members:
        raise Refused("NotNullable", "a project has at least one member", field="members")
    stored: dict[str, dict[str, Any]] = {}
    owned = False
    for member in members:
        if (member.get("externalIdType") or LOCAL) != LOCAL:
            raise Refused("InvalidOption", f"externalIdType must be {LOCAL}", field="externalIdType")
        if not member.get("externalId"):
            raise Refused("MissingRequired", "a member has an externalId", field="externalId")
        account = named(tx, call, member["externalId"], inside)
        if account is None:
            message = f"you can find no account {member['externalId']}; {HOW_TO_NAME}"
            raise Refused("InvalidReference", message, field="externalId")
        if str(account.id) in stored:
            raise Refused("NotUnique", f"{member['externalId']} is named twice", field="externalId")
        role = member.get("role") or "member"
        owned = owned or (role == "owner" and account.state in WORKING)
        stored[str(account.id)] = {"externalId": str(account.id), "role": role, "name": member.get("name")}
    if not owned:
        raise Refused("InvalidOption", "one member at least is an owner whose account is active", field="members")
    return list(stored.values())


def named(tx: ReadTx, call: Call, external_id: str, inside: Collection[str]) -> rows.Account | None:
    """The account that the caller names as a member.

    Account ids are easy to guess, so an id names only an account that the caller can find, or a present member. Only
    its owner and administrators know an account's uuid, so a caller who has it got it from them.
    """
    told = of_uuid(tx, external_id)
    if told is not None:
        return told
    account = tx.get(rows.Account, ids.parse(external_id))
    if account is None or not is_known(account):
        return None
    user = tx.require(rows.Account, call.user_id)
    return account if str(account.id) in inside or meets(tx, user, account) else None


def add(tx: Tx, project: rows.Account, member: dict[str, Any]) -> rows.ProjectMember:
    """Add a member."""
    return tx.insert(
        rows.ProjectMember,
        projectId=project.id,
        accountId=project.id,
        state="active",
        externalId=member["externalId"],
        externalIdType=LOCAL,
        role=member["role"],
        name=member.get("name"),
    )


@behaviour.computed("project.members")
def members_of(tx: ReadTx, call: Call, record: rows.Project) -> list[dict[str, Any]] | None:
    """Show no members: they are rows of their own, and the field is only for creating."""
    return None


@behaviour.update("project")
def update_project(tx: Tx, call: Call, project: rows.Project, fields: dict[str, Any]) -> rows.Project:
    """Change name, description or ports."""
    if fields.get("kind", project.kind) != project.kind:
        raise Refused("InvalidOption", "a project cannot become another kind of account", field="kind")
    check_ports(fields)
    if not fields:
        return project
    project = tx.update(project, **fields)
    call.request(tx, project, "update")
    return project
