# SPDX-License-Identifier: Apache-2.0
"""The identity of an account to other people; only the server's own accounts have one."""

from __future__ import annotations

import re
from typing import Any

from orca.resources import ids, rows
from orca.store import ReadTx

LOCAL = "rancher_id"
"""``externalIdType`` of the server's own accounts."""
PREFIX = "1i!"
"""v1's prefix of ids that are not numbers."""
WORKING = ("active", "updating-active")
"""States in which accounts, members and their credentials are valid, also while they are being updated."""
PEOPLE = ("user", "admin")


_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_known(account: rows.Account) -> bool:
    """True if the account can still be found."""
    return account.kind in PEOPLE and account.removed is None


def of_uuid(tx: ReadTx, text: str) -> rows.Account | None:
    """The person with an account's uuid; None for a uuid that can be guessed, such as those of built-in accounts."""
    account = tx.first(rows.Account, uuid=text, kind=PEOPLE) if _UUID.fullmatch(text) else None
    return account if account is not None and is_known(account) else None


def id_of(account: rows.Account) -> str:
    """The id of an account for other people."""
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
