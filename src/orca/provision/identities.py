# SPDX-License-Identifier: Apache-2.0
"""``identity``: who an account is to other people. Here these are the local accounts."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.resources import ids
from orca.store import ReadTx, Record

LOCAL = "rancher_id"
"""``externalIdType`` of the server's own accounts."""
PREFIX = "1i!"
"""What v1 puts before ids that are not numbers."""
WORKING = ("active", "updating-active")
"""States in which accounts, members and what they sign in with are good: also while a change of them is carried out."""
PEOPLE = ("user", "admin")

behaviour = Behaviour()


@behaviour.rowless("identity", asked_by=("name", "all"))
def identities(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """One's own; somebody's by id or ``name`` (a login, exactly); everybody's with ``all`` in the login or name."""
    if id is not None:
        kind, _, external = id.removeprefix(PREFIX).partition(":")
        account = tx.get("account", ids.parse(external)) if kind == LOCAL else None
        known = account is not None and (is_known(account) or account.id == call.user_id)
        return [identity(tx, account)] if account is not None and known else []
    wanted, part = call.query.get("name"), call.query.get("all")
    if wanted is None and part is None:
        return [identity(tx, tx.require("account", call.user_id))]
    shown = [identity(tx, account) for account in tx.find("account", kind=PEOPLE, state="active")]
    if wanted is not None:
        return [each for each in shown if each["login"] == wanted]
    assert part is not None
    return [each for each in shown if part.lower() in f"{each['login'] or ''}\n{each['name'] or ''}".lower()]


def is_known(account: Record) -> bool:
    """Whether somebody of that name can still be met."""
    return account.kind in PEOPLE and account.removed is None


def id_of(account: Record) -> str:
    """What other people know an account by."""
    return f"{PREFIX}{LOCAL}:{ids.show('account', account.id)}"


def identity(tx: ReadTx, account: Record) -> dict[str, Any]:
    """An account as others see it."""
    login = tx.first("credential", accountId=account.id, kind="password", state="active")
    return {
        "id": id_of(account),
        "externalId": ids.show("account", account.id),
        "externalIdType": LOCAL,
        "login": None if login is None else login.publicValue,
        "name": account.name,
    }
