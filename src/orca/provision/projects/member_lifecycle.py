# SPDX-License-Identifier: Apache-2.0
"""One membership: owners end and restore it, and a project never loses its last owner.

``members`` replaces all members at once.
"""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, request_removal
from orca.provision.people.identities import is_known
from orca.provision.people.roles import owners_of
from orca.resources import ids, rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

LAST = "this is the project's last owner: make another member an owner with setmembers first"
TWICE = "its account is a member already, or was removed: give roles with setmembers"

behaviour = Behaviour()


@behaviour.create("projectMember")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ProjectMember:
    """Refuse: members are set by the project's action."""
    raise Refused("InvalidOption", "a project gets its members by its action setmembers", field="projectId")


@behaviour.offered("projectMember.deactivate", "projectMember.remove", otherwise=LAST)
def may_end(tx: ReadTx, call: Call, member: rows.ProjectMember) -> bool:
    """True if the project has an owner afterwards."""
    return member.role != "owner" or owners_of(tx, member.projectId) != {ids.parse(member.externalId)}


@behaviour.action("projectMember.deactivate")
def deactivate(tx: Tx, call: Call, member: rows.ProjectMember, given: dict[str, Any]) -> rows.ProjectMember:
    """End the member's access at once."""
    return _end(tx, call, member, "deactivate")


@behaviour.action("projectMember.remove")
def remove(tx: Tx, call: Call, member: rows.ProjectMember, given: dict[str, Any]) -> rows.ProjectMember:
    """End the membership."""
    return _end(tx, call, member, "remove")


@behaviour.remove("projectMember")
def delete(tx: Tx, call: Call, member: rows.ProjectMember) -> rows.ProjectMember:
    """End the membership; an active one is deactivated first."""
    if not may_end(tx, call, member):
        raise Refused("Method not allowed", LAST, status=405)
    request_removal(call.core.engine, tx, member)
    return member


def _end(tx: Tx, call: Call, member: rows.ProjectMember, action: str) -> rows.ProjectMember:
    if not may_end(tx, call, member):
        raise Refused("ActionNotAvailable", LAST)
    call.request(tx, member, action)
    return member


@behaviour.offered("projectMember.restore", otherwise=TWICE)
def may_come_back(tx: ReadTx, call: Call, member: rows.ProjectMember) -> bool:
    """True if the account has no other role in the project."""
    account = tx.get(rows.Account, ids.parse(member.externalId))
    if account is None or not is_known(account):
        return False
    return tx.count(rows.ProjectMember, projectId=member.projectId, externalId=member.externalId) == 0


@behaviour.computed("projectMember.externalId")
def external_id(tx: ReadTx, call: Call, member: rows.ProjectMember) -> str | None:
    """The account's id as clients know it."""
    number = ids.parse(member.externalId)
    return None if number is None else ids.show("account", number)
