# SPDX-License-Identifier: Apache-2.0
"""A user's role in a project, and in the project of a row."""

from __future__ import annotations

from orca.engine import Call
from orca.provision.people.identities import LOCAL, WORKING
from orca.resources import TYPES, rows
from orca.resources.errors import Refused
from orca.resources.spoken import a
from orca.resources.types import OWNERS
from orca.store import ReadTx, Record

PROJECT_ROLES = ("owner", "member", "restricted", "readonly")
"""Roles of members, highest first."""
EVERYWHERE = frozenset({"superadmin", "service", "admin", "readAdmin"})
"""Roles that see the rows of all accounts."""


def project_role(tx: ReadTx, project: rows.Account, user: rows.Account) -> str | None:
    """The best role an account has in a project; an administrator owns every project. Only active members count."""
    if user.kind in EVERYWHERE:
        return "readonly" if user.kind == "readAdmin" else "owner"
    members = tx.find(
        rows.ProjectMember, projectId=project.id, externalId=str(user.id), externalIdType=LOCAL, state=WORKING
    )
    roles = [member.role for member in members if member.role in PROJECT_ROLES]
    return min(roles, key=PROJECT_ROLES.index) if roles else None


def role_on(tx: ReadTx, call: Call, record: Record) -> str:
    """The caller's role in the project of a row, whatever the route to it.

    It is the role of the request inside a project, for a project's key, and for callers who see everything. A user
    outside of projects sees rows of several projects, and has the role in each row's own. For a row without a project
    the role stays.
    """
    if call.role != "user":
        return call.role
    project, user = tx.get(rows.Project, project_of(record)), tx.require(rows.Account, call.user_id)
    role = None if project is None else project_role(tx, project, user)
    return role or call.role


def may(tx: ReadTx, call: Call, record: Record, what: str) -> bool:
    """True if the caller's role in the project of a row allows an action, or ``update`` or ``remove``."""
    return what not in TYPES[record.type].for_owners or role_on(tx, call, record) in OWNERS


def check(tx: ReadTx, call: Call, record: Record, what: str, method: str) -> None:
    """Refuse what ``may`` does not allow.

    Raises:
        Refused: 422 for an action, 404 for PUT, 403 for DELETE, as in v1.
    """
    if may(tx, call, record, what):
        return
    message = f"only owners of the project {what} {a(record.type)}"
    if method == "PUT":
        raise Refused("Not Found", message, status=404)
    if method == "DELETE":
        raise Refused("Forbidden", message, status=403)
    raise Refused("ActionNotAvailable", message)


def project_of(record: Record) -> int | None:
    """The project of a row: itself, the one of a membership, else the row's account."""
    if record.root == "account":
        return record.id
    id = record.get("projectId") if record.root == "projectMember" else record.get("accountId")
    return None if id is None else int(id)


def owners_of(tx: ReadTx, project_id: int) -> set[int]:
    """The accounts that own a project and can sign in now, besides administrators."""
    found = tx.find(rows.ProjectMember, projectId=project_id, role="owner", externalIdType=LOCAL, state=WORKING)
    named = [int(row.externalId) for row in found]
    return {id for (id,) in tx.values(rows.Account, "id", id=named, state=WORKING)}


def owns_alone(tx: ReadTx, account: rows.Account) -> rows.Account | None:
    """A project that only this account owns; None if there is none."""
    found = tx.find(rows.ProjectMember, externalId=str(account.id), externalIdType=LOCAL, role="owner", state=WORKING)
    projects = (tx.get(rows.Project, row.projectId) for row in found)
    there = (project for project in projects if project is not None and project.removed is None)
    return next((project for project in there if owners_of(tx, project.id) == {account.id}), None)
