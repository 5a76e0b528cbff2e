# SPDX-License-Identifier: Apache-2.0
"""Type ``identity``: the people whom a caller can find. Administrators find everybody, others those who share a
project.

Only its owner and administrators see a login, so that nobody else learns which names exist.
"""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.provision.people.identities import LOCAL, PEOPLE, PREFIX, WORKING, identity, is_known
from orca.provision.people.roles import EVERYWHERE
from orca.resources import ids, rows
from orca.store import ReadTx

behaviour = Behaviour()


@behaviour.rowless("identity", asked_by=("name", "all"))
def identities(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """The caller's own; one by id or ``name`` (an exact login); all with ``all`` in the login or name."""
    user = tx.require(rows.Account, call.user_id)
    if id is not None:
        kind, _, external = id.removeprefix(PREFIX).partition(":")
        account = tx.get(rows.Account, ids.parse(external)) if kind == LOCAL else None
        return [] if account is None or not meets(tx, user, account) else [seen(tx, user, account)]
    wanted, part = call.query.get("name"), call.query.get("all")
    if wanted is None and part is None:
        return [identity(tx, user)]
    met = {} if user.kind in EVERYWHERE else {"id": colleagues(tx, user) | {user.id}}
    found = [seen(tx, user, account) for account in tx.find(rows.Account, kind=PEOPLE, state="active", **met)]
    if wanted is not None:
        return [each for each in found if each["login"] == wanted]
    assert part is not None
    return [each for each in found if part.lower() in f"{each['login'] or ''}\n{each['name'] or ''}".lower()]


def meets(tx: ReadTx, user: rows.Account, account: rows.Account) -> bool:
    """True if the caller can find an account; always for the caller's own."""
    if account.id == user.id:
        return True
    return is_known(account) and (user.kind in EVERYWHERE or account.id in colleagues(tx, user))


def seen(tx: ReadTx, user: rows.Account, account: rows.Account) -> dict[str, Any]:
    """An account as the caller sees it."""
    shown = identity(tx, account)
    return shown if account.id == user.id or user.kind in EVERYWHERE else {**shown, "login": None, "uuid": None}


def colleagues(tx: ReadTx, user: rows.Account) -> set[int]:
    """The accounts that share a project with a user; for a project's key, its members."""
    own = {"externalId": str(user.id), "externalIdType": LOCAL, "state": WORKING}
    projects = [user.id] if user.kind == "project" else [row.projectId for row in tx.find(rows.ProjectMember, **own)]
    found = tx.find(rows.ProjectMember, projectId=projects, externalIdType=LOCAL, state=WORKING)
    return {number for row in found if (number := ids.parse(row.externalId)) is not None}
