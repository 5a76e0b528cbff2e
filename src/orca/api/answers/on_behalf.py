# SPDX-License-Identifier: Apache-2.0
"""The account that a new resource belongs to: the caller's, or the one that ``accountId`` names.

Source: docs/v1.md, section 6.2. Only a role whose schema says so can give ``accountId``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.api.callers.caller import Caller
from orca.resources import rows
from orca.resources.errors import Refused
from orca.resources.spoken import a
from orca.resources.views import TypeView, granted
from orca.store import ReadTx

LEAVING = frozenset({"removing", "removed", "purging", "purged"})
"""States of an account that gets nothing new: what came now would stay when the account is gone."""
JOINING = frozenset({"host", "instance"})
"""Types that no project's key creates and that need a project: its network gives them their addresses."""


def account_for(tx: ReadTx, caller: Caller, type: TypeView, fields: Mapping[str, Any]) -> rows.Account:
    """The account of a new resource.

    Raises:
        Refused: the account does not exist or is being removed. Or the resource needs a project and it is none.
    """
    named = fields.get("accountId")
    account = caller.account if named is None else tx.get(rows.Account, named)
    if account is None or (named is not None and account.state in LEAVING):
        raise Refused("InvalidReference", f"accountId: there is no account {named}", field="accountId")
    if account.state in LEAVING:
        raise Refused("InvalidState", f"{account.name} is {account.state}: nothing new belongs to it")
    if account.kind != "project" and needs_project(type):
        message = f"{a(type.name)} belongs to a project: ask below /projects/<id>, or give the project as accountId"
        raise Refused("MissingRequired" if named is None else "InvalidOption", message, field="accountId")
    return account


def needs_project(type: TypeView) -> bool:
    """True if rows of a type work in a project only: a project's key creates them, and no user outside of one."""
    return type.name in JOINING or ("c" in granted(type.type, "project") and "c" not in granted(type.type, "user"))
