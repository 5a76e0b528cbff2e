# SPDX-License-Identifier: Apache-2.0
"""``localAuthConfig``: whether people must sign in. Source: docs/v1.md, section 6.5.

A server with access control always requires it; without, this setting decides, as on the v1 server.
"""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Core
from orca.provision.people.credentials import check_login
from orca.provision.people.passwords import Passwords
from orca.provision.settings import values as settings
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

ID = "localAuthConfig"
UNRESTRICTED = "unrestricted"

behaviour = Behaviour()


def enabled(tx: ReadTx, core: Core) -> bool:
    """True if every caller needs credentials."""
    if not core.server.open:
        return True
    row = tx.first(rows.Setting, name=settings.SECURITY)
    return row is not None and row.value == "true"


@behaviour.rowless("localAuthConfig")
def show(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """The only object of this type."""
    shown = {"id": ID, "enabled": enabled(tx, call.core), "accessMode": UNRESTRICTED}
    return [shown] if id is None or id.lower() == ID.lower() else []


@behaviour.create("localAuthConfig")
def configure(tx: Tx, call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    """Give the administrator a login and turn signing in on, or off again on a server without access control."""
    on = bool(fields.get("enabled"))
    if not on and not call.core.server.open:
        raise Refused("InvalidOption", "access control is always on here: enabled must be true", field="enabled")
    if fields.get("accessMode") not in (None, UNRESTRICTED):
        raise Refused("InvalidOption", f"accessMode must be {UNRESTRICTED}: accounts are made here", field="accessMode")
    if on:
        set_login(tx, call, administrator(tx, call), fields["username"], fields["password"], fields.get("name"))
    if call.core.server.open:
        row = tx.first(rows.Setting, name=settings.SECURITY)
        assert row is not None
        tx.update(row, value="true" if on else "false")
    shown = {"id": ID, "enabled": on, "accessMode": UNRESTRICTED}
    return {**shown, "username": fields["username"], "name": fields.get("name")}


def administrator(tx: ReadTx, call: Call) -> rows.Account:
    """The caller, if that is an administrator; else the built-in one."""
    user = tx.require(rows.Account, call.user_id)
    if user.kind == "admin":
        return user
    admin = tx.first(rows.Account, uuid="admin")
    assert admin is not None
    return admin


def set_login(tx: Tx, call: Call, account: rows.Account, login: str, password: str, name: str | None) -> None:
    """Make this the account's login; its password may exist already. Raises ``Refused``, ``NotUnique``."""
    check_login(login, "username")
    kept = call.core.part(Passwords).hashed(password, "password")
    known = tx.first(rows.Credential, kind="password", publicValue=login)
    if known is None:
        fields = {"accountId": account.id, "publicValue": login, "secretHash": kept}
        tx.insert(rows.Password, name=name, state="active", **fields)
    elif known.accountId == account.id:
        tx.update(known, secretHash=kept, state="active")
    else:
        raise Refused("NotUnique", f"{login} is the login of another account", field="username")
