# SPDX-License-Identifier: Apache-2.0
"""Signing in and out: ``token``. Source: docs/v1.md, section 6.5.

A token is a JWT that names a row of ``authToken``. The row counts: signing out deletes it, and a changed password
deletes all rows of the account. Without its row a token is invalid, however well signed.
"""

from __future__ import annotations

import secrets
from typing import Any

from orca.api.callers.bearer import set_cookies
from orca.api.callers.signer import BadToken, Signer
from orca.api.requests.ask import Ask
from orca.engine import Behaviour, Call, Core
from orca.provision.people import identities, local_auth
from orca.provision.people.identities import WORKING
from orca.provision.people.passwords import NOBODY, Passwords
from orca.provision.projects import members
from orca.provision.settings import values as settings
from orca.resources import ids, rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Record, Tx

PATHS = ("token", "tokens")
CURRENT = "current"
"""The id of a token on the wire: everybody sees only their own."""
PROVIDER = "localAuth"
CLAIM = "session"
"""The claim that only tokens of this kind have: a token for a stream opens nothing else."""

behaviour = Behaviour()


def is_sign_in(ask: Ask) -> bool:
    """True if the request is made before there are credentials."""
    return ask.path[:1] != [] and ask.path[0].lower() in PATHS and ask.method != "DELETE"


def login_of(ask: Ask) -> str | None:
    """The login in a request to sign in; None for any other request."""
    if not is_sign_in(ask):
        return None
    try:
        code = ask.json().get("code")
    except Refused:
        return None
    return code.partition(":")[0] if isinstance(code, str) else None


def is_sign_out(ask: Ask) -> bool:
    """True if the request is ``DELETE token`` or ``DELETE token/current``."""
    path = [part.lower() for part in ask.path]
    return ask.method == "DELETE" and path[:1] != [] and path[0] in PATHS and path[1:] in ([], [CURRENT])


# -- tokens ------------------------------------------------------------------------------------------------------------


def verify(tx: ReadTx, core: Core, token: str) -> tuple[rows.AuthToken, rows.Account | None]:
    """The row behind a token, and its account. Raises ``Refused`` with 401."""
    try:
        claims = core.part(Signer).check(token)
    except BadToken as error:
        raise Refused("Unauthorized", f"the token is not valid: {error}", status=401) from None
    row = tx.first(rows.AuthToken, key=claims[CLAIM]) if isinstance(claims.get(CLAIM), str) else None
    if row is None or claims.get("sub") != str(row.accountId):
        raise Refused("Unauthorized", "the token is not valid any more", status=401)
    check_proof(tx, row)
    return row, tx.get(rows.Account, row.accountId)


def check_proof(tx: ReadTx, proof: Record | None) -> None:
    """Check that a key, or a session and the login behind it, is valid now. Raises ``Refused`` with 401."""
    if isinstance(proof, rows.AuthToken):
        if proof.expires <= tx.now:
            raise Refused("Unauthorized", "the token is not valid any more", status=401)
        proof = tx.get(rows.Credential, ids.parse(proof.value))
    if not isinstance(proof, rows.Credential) or proof.state not in WORKING or proof.removed is not None:
        raise Refused("Unauthorized", "the key or login is not active", status=401)


def right_login(tx: ReadTx, passwords: Passwords, client: str, name: str, password: str) -> rows.Credential | None:
    """The login of that name, if the password is its own. It takes as long if there is none. Raises ``Unchecked``."""
    login = tx.first(rows.Credential, publicValue=name, kind="password", state=WORKING)
    right = passwords.matches(name, client, NOBODY if login is None else str(login.secretHash), password)
    return login if right else None


# -- signing in --------------------------------------------------------------------------------------------------------


@behaviour.create("token")
def sign_in(tx: Tx, call: Call, fields: dict[str, Any]) -> dict[str, Any]:
    """Exchange ``code``, which is ``login:password``, for a token. The first time the account gets a project."""
    name, colon, password = fields["code"].partition(":")
    if not colon:
        raise Refused("MalformedCode", "code is LOGIN:PASSWORD", field="code", status=400)
    login = right_login(tx, call.core.part(Passwords), call.client, name, password)
    account = None if login is None else tx.get(rows.Account, login.accountId)
    if login is None or account is None or account.state not in WORKING or account.removed is not None:
        raise Refused("Unauthorized", "login or password is not right", status=401)
    members.first_project(tx, call, account)
    lifetime = settings.number(tx, settings.SESSION_PERIOD)
    row = tx.insert(
        rows.AuthToken,
        accountId=account.id,
        created=tx.now,
        expires=tx.now + lifetime,
        key=secrets.token_urlsafe(24),
        provider=PROVIDER,
        value=str(login.id),
    )
    claims = {"sub": str(account.id), CLAIM: row.key}
    jwt = call.core.part(Signer).sign(claims, max(1, lifetime // 1000))
    return {**present(tx, call), **of_account(tx, account, name), "jwt": jwt}


@behaviour.rowless("token")
def show(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """Describe how to sign in."""
    return [present(tx, call)] if id in (None, CURRENT) else []


def present(tx: ReadTx, call: Call) -> dict[str, Any]:
    """The public facts about signing in."""
    on = not call.core.server.open or local_auth.enabled(tx, call.core)
    return {"id": CURRENT, "security": on, "enabled": on, "authProvider": PROVIDER}


def of_account(tx: ReadTx, account: rows.Account, login: str) -> dict[str, Any]:
    """The identity of the signed-in user."""
    return {
        "accountId": ids.show("account", account.id),
        "user": login,
        "userType": str(account.kind),
        "userIdentity": {**identities.identity(tx, account), "type": "identity"},
    }


def sign_out(tx: Tx, call: Call, row: Record | None) -> dict[str, Any]:
    """Invalidate the caller's token. Raises ``Refused`` if there was none."""
    if row is None or row.type != "authToken":
        raise Refused("Method not allowed", "only a caller with a token can sign out", status=405)
    tx.delete(tx.own(row))
    return {**present(tx, call), "type": "token", "links": {}, "actions": {}}


def cookies(ask: Ask, body: Any) -> tuple[str, ...]:
    """The cookies that a browser keeps after signing in, and forgets after signing out."""
    if is_sign_out(ask):
        return set_cookies(ask, None)
    jwt = body.get("jwt") if is_sign_in(ask) and ask.method == "POST" else None
    return set_cookies(ask, jwt, seconds_of(jwt)) if jwt else ()


def seconds_of(token: str) -> int:
    """Seconds until a token of ours expires."""
    import jwt

    claims = jwt.decode(token, options={"verify_signature": False})
    return int(claims["exp"]) - int(claims["iat"])
