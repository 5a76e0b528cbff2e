# SPDX-License-Identifier: Apache-2.0
"""Who is asking, what role that gives, and which rows the role may see.

The row scope is applied here and nowhere else: ``Caller.scope`` refines every SELECT that a request causes.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from orca.api.ask import Ask
from orca.api.passwords import Passwords
from orca.engine import Services
from orca.provision import registration
from orca.provision.tokens import TokenRefused
from orca.resources import ids
from orca.resources.errors import Refused
from orca.resources.views import View, view
from orca.store import ReadTx, Record
from orca.wire.loopback import is_loopback

KEY_KINDS = ("apiKey", "agentApiKey")
EVERYWHERE = frozenset({"superadmin", "service", "admin", "readAdmin"})
"""Roles that see the rows of all accounts."""
PROJECT_ROLES = ("owner", "member", "restricted", "readonly")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """``account``: on whose behalf; ``user``: who signed in. They differ when somebody works in a project."""

    role: str
    account: Record
    user: Record
    view: View
    agent_id: int | None = None

    def scope(self, tx: ReadTx, type: str, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Cut a SELECT on a type to the rows this caller may see."""
        if self.role in EVERYWHERE:
            return statement
        stored = tx.schema[type]
        columns = stored.table.c
        if type == "project" and self.account is self.user and self.role == "user":
            return statement.where(columns.id.in_(member_projects(tx, self.user.id)))
        if stored.root == "account":
            return statement.where(columns.id.in_([self.account.id, self.user.id]))
        if stored.root == "agent":
            return statement.where(columns.id == self.agent_id)
        if stored.root == "projectMember":
            return statement.where(columns.projectId == self.account.id)
        if "accountId" in columns:
            return statement.where(columns.accountId == self.account.id)
        return statement


def member_projects(tx: ReadTx, user_id: int) -> list[int]:
    """The projects an account is a member of."""
    members = tx.find("projectMember", externalId=str(user_id), externalIdType="rancher_id")
    return [member.projectId for member in members]


class Unchecked(Exception):
    """The credential is a password that must be checked outside the read."""

    def __init__(self, kept: str) -> None:
        super().__init__()
        self.kept = kept


def identify(tx: ReadTx, services: Services, ask: Ask, passwords: Passwords) -> Caller:
    """The caller behind a request. Raises ``Refused`` with 401 or 403, or ``Unchecked``."""
    credentials = ask.basic()
    if services.server.open and ask.headers.get("x-enforce-authentication", "").lower() != "true":
        return open_door(tx, services, ask)
    if credentials is None:
        raise unauthorized("credentials are needed")
    name, secret = credentials
    if name.lower() == "registrationtoken":
        return by_token(tx, services, ask, secret)
    credential = tx.first("credential", publicValue=name, kind=KEY_KINDS, state="active")
    if credential is None:
        credential = by_password(tx, passwords, name, secret)
    elif not matches(credential, secret):
        raise unauthorized("the key is not valid")
    user = tx.get("account", credential.accountId)
    if user is None or user.state != "active" or user.removed is not None:
        raise unauthorized("the account is not active")
    return act(tx, ask, user)


def matches(credential: Record, secret: str) -> bool:
    """Compare a key's secret with what is kept of it, in constant time."""
    given = hashlib.sha256(secret.encode()).hexdigest()
    return hmac.compare_digest(credential.secretHash or "", given)


def by_password(tx: ReadTx, passwords: Passwords, name: str, secret: str) -> Record:
    """The credential of a login, if its password is known to be right."""
    credential = tx.first("credential", publicValue=name, kind="password", state="active")
    if credential is None or not credential.secretHash:
        raise unauthorized("the key is not valid")
    if not passwords.known(credential.secretHash, secret):
        raise Unchecked(credential.secretHash)
    return credential


def open_door(tx: ReadTx, services: Services, ask: Ask) -> Caller:
    """Without access control a good key still counts; anything else acts as the administrator.

    Only for requests that name this machine: a web page elsewhere cannot reach the server by a name of its own.
    """
    host = urlsplit(ask.origin).hostname or ""
    if not is_loopback(host):
        raise Refused("Forbidden", "without access control the server answers to localhost only", status=403)
    credentials = ask.basic()
    if credentials is not None and credentials[0].lower() == "registrationtoken":
        return by_token(tx, services, ask, credentials[1])
    credential = (
        tx.first("credential", publicValue=credentials[0], kind=KEY_KINDS, state="active") if credentials else None
    )
    if credentials is not None and credential is not None and matches(credential, credentials[1]):
        user = tx.require("account", credential.accountId)
        if user.state == "active":
            return act(tx, ask, user)
    admin = tx.first("account", uuid="admin")
    assert admin is not None
    return act(tx, ask, admin)


def by_token(tx: ReadTx, services: Services, ask: Ask, token: str) -> Caller:
    """A host that registers: it acts for the token's project, and sees ``register`` alone."""
    try:
        row = registration.authenticate(tx, services, token)
    except TokenRefused as error:
        raise unauthorized(str(error)) from None
    account = tx.require("account", row.accountId)
    if account.state != "active":
        raise unauthorized("the project is not active")
    return Caller(role="register", account=account, user=account, view=view("register", ask.version))


def act(tx: ReadTx, ask: Ask, user: Record) -> Caller:
    """The caller as itself, or inside the project it names."""
    project = ask.project or ask.headers.get("x-api-project-id") or ask.first("projectId")
    kind = str(user.kind)
    if project is None or (kind == "project" and ids.parse(project) == user.id):
        agent = tx.first("agent", accountId=user.id) if kind == "agent" else None
        return Caller(
            role=kind, account=user, user=user, view=view(kind, ask.version), agent_id=agent.id if agent else None
        )
    account = tx.get("project", ids.parse(project))
    role = None if account is None else project_role(tx, account, user)
    if (
        account is None
        or role is None
        or account.removed is not None
        or (account.state != "active" and role != "owner")
    ):
        raise Refused("Forbidden", "this project is not accessible", status=403)
    return Caller(role=role, account=account, user=user, view=view(role, ask.version))


def project_role(tx: ReadTx, project: Record, user: Record) -> str | None:
    """The best role an account has in a project; an administrator owns every project."""
    if user.kind in EVERYWHERE:
        return "readonly" if user.kind == "readAdmin" else "owner"
    members = tx.find("projectMember", projectId=project.id, externalId=str(user.id), externalIdType="rancher_id")
    roles = [member.role for member in members if member.role in PROJECT_ROLES]
    return min(roles, key=PROJECT_ROLES.index) if roles else None


def unauthorized(message: str) -> Refused:
    """401 in the API's words."""
    return Refused("Unauthorized", message, status=401)
