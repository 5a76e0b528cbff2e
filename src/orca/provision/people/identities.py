# SPDX-License-Identifier: Apache-2.0
"""Who an account is to other people: the server's own accounts are the identities there are."""

from __future__ import annotations

import re
from typing import Any

from orca.resources import ids, rows
from orca.store import ReadTx

LOCAL = "rancher_id"
"""``externalIdType`` of the server's own accounts."""
PREFIX = "1i!"
"""What v1 puts before ids that are not numbers."""
WORKING = ("active", "updating-active")
"""States in which accounts, members and what they sign in with are good: also while a change of them is carried out."""
PEOPLE = ("user", "admin")


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_known(account: rows.Account) -> bool:
    """True if somebody of that name can still be met."""
    return account.kind in PEOPLE and account.removed is None


def of_uuid(tx: ReadTx, text: str) -> rows.Account | None:
    """The person behind an account's uuid; None for one that can be guessed, as the built-in accounts have."""
    account = tx.first(rows.Account, uuid=text, kind=PEOPLE) if _UUID.fullmatch(text) else None
    return account if account is not None and is_known(account) else None


def id_of(account: rows.Account) -> str:
    """What other people know an account by."""
    return f"{PREFIX}{LOCAL}:{ids.show('account', account.id)}"


def identity(tx: ReadTx, account: rows.Account) -> dict[str, Any]:
    """An account as it sees itself, and as administrators do."""
    login = tx.first(rows.Credential, accountId=account.id, kind="password", state="active")
    return {
        "id": id_of(account),
        "externalId": ids.show("account", account.id),
        "externalIdType": LOCAL,
        "login": None if login is None else login.publicValue,
        "name": account.name,
        "uuid": account.uuid,
    }
