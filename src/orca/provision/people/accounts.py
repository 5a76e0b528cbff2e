# SPDX-License-Identifier: Apache-2.0
"""Accounts: who may make which kind, and what is removed with one. Projects: ``projects``, ``members``."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Run, discard, request_removal
from orca.provision.people.identities import WORKING
from orca.provision.people.roles import EVERYWHERE, owns_alone
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

PRIVILEGED = frozenset({"superadmin", "system", "service", "token"})
"""With access control only superadmin may give these kinds, or make credentials for them, through the API."""
BUILT_IN = frozenset({"superadmin", "admin", "system", "service", "token"})
"""Accounts (by uuid) that cannot be removed."""
ALONE = "the only owner of a project must first make another member an owner, or remove the project"
LAST = "the last administrator must first make another account an administrator"

behaviour = Behaviour()


def is_reserved(call: Call, kind: str | None) -> bool:
    """True if the caller may not give this kind of account."""
    return kind in PRIVILEGED and call.role != "superadmin" and not call.core.server.open


def may_own_credentials(tx: ReadTx, call: Call) -> None:
    """Refuse credentials that would give an administrator more power. Raises ``Refused`` with 403."""
    account = tx.get(rows.Account, call.account_id)
    if account is not None and is_reserved(call, account.kind):
        raise Refused(
            "Forbidden", f"only superadmin may make credentials of {account.name}", field="accountId", status=403
        )


@behaviour.create("account")
def create_account(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Account:
    """Create an account without credentials; types ``apiKey`` and ``password`` add them."""
    refuse_reserved(call, fields.get("kind"))
    account = tx.insert(rows.Account, **fields)
    call.request(tx, account, "create")
    return account


@behaviour.update("account")
def update_account(tx: Tx, call: Call, account: rows.Account, fields: dict[str, Any]) -> rows.Account:
    """Change its name or kind."""
    if is_reserved(call, account.kind):
        raise Refused("Forbidden", f"only superadmin may change {account.name}", status=403)
    refuse_reserved(call, fields.get("kind"))
    if fields.get("kind", account.kind) != account.kind and is_last(tx, account):
        raise Refused("InvalidOption", LAST, field="kind")
    if not fields:
        return account
    account = tx.update(account, **fields)
    call.request(tx, account, "update")
    return account


def refuse_reserved(call: Call, kind: str | None) -> None:
    """Raise ``Refused`` if the caller may not give this kind."""
    if is_reserved(call, kind):
        raise Refused("InvalidOption", f"only superadmin may give kind {kind}", field="kind")


def is_last(tx: ReadTx, account: rows.Account) -> bool:
    """True if it is the only active administrator."""
    if account.kind != "admin" or account.state not in WORKING:
        return False
    return tx.count(rows.Account, kind="admin", state=WORKING) == 1


def leaves_alone(tx: ReadTx, call: Call, account: rows.Account) -> bool:
    """True if a user ends their own account and would leave a project without owner. Administrators may."""
    return call.role not in EVERYWHERE and owns_alone(tx, account) is not None


@behaviour.offered("account.activate")
def may_be_switched(tx: ReadTx, call: Call, account: rows.Account) -> bool:
    """True if an account may be switched: with access control ``superadmin`` stays active."""
    return not is_reserved(call, account.kind)


@behaviour.offered("account.deactivate", otherwise=f"superadmin stays as it is; {LAST}; {ALONE}")
def may_be_deactivated(tx: ReadTx, call: Call, account: rows.Account) -> bool:
    """True if an account may be deactivated; the last administrator and a project's last owner may not."""
    return may_be_switched(tx, call, account) and not is_last(tx, account) and not leaves_alone(tx, call, account)


@behaviour.offered("account.remove", "account.purge", otherwise=f"the server's own accounts stay; {LAST}; {ALONE}")
def may_be_removed(tx: ReadTx, call: Call, account: rows.Account) -> bool:
    """True if an account may be removed: one that may be deactivated, and not the server's own."""
    return account.uuid not in BUILT_IN and may_be_deactivated(tx, call, account)


@behaviour.remove("account")
def remove_account(tx: Tx, call: Call, account: rows.Account) -> rows.Account:
    """Remove an account; it is invalid at once. An active one is deactivated first."""
    if account.uuid in BUILT_IN:
        raise Refused("Method not allowed", "the server's own accounts stay", status=405)
    if is_reserved(call, account.kind):
        raise Refused("Method not allowed", f"only superadmin may remove {account.name}", status=405)
    if is_last(tx, account):
        raise Refused("Method not allowed", LAST, status=405)
    if leaves_alone(tx, call, account):
        raise Refused("Method not allowed", ALONE, status=405)
    request_removal(call.core.engine, tx, account)
    return account


@behaviour.process("account.remove")
async def remove(run: Run) -> None:
    """Remove an account's credentials, tokens, memberships and preferences."""
    run.finish(lambda tx: forget(tx, run.resource(tx, rows.Account)))


def forget(tx: Tx, account: rows.Account) -> None:
    """Remove everything that only this account uses."""
    for session in tx.find(rows.AuthToken, accountId=account.id):
        tx.delete(session)
    found = [*tx.find(rows.Credential, accountId=account.id), *tx.find(rows.UserPreference, accountId=account.id)]
    discard(tx, *found, *tx.find(rows.ProjectMember, externalId=str(account.id)))
