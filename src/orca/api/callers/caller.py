# SPDX-License-Identifier: Apache-2.0
"""The caller of a request, its role, and which rows the role may see.

The row scope is applied here and nowhere else: ``Caller.scope`` refines every SELECT that a request causes.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from orca.api.callers import sessions
from orca.api.callers.bearer import bearer
from orca.api.requests.ask import SAFE, SCHEMA_PATHS, Ask
from orca.engine import Core
from orca.provision.hosts import registration
from orca.provision.hosts.tokens import TokenRefused
from orca.provision.people import local_auth
from orca.provision.people.credentials import REGISTRATION_USER, is_generated
from orca.provision.people.identities import LOCAL, WORKING
from orca.provision.people.logins import LESSER, maker
from orca.provision.people.passwords import Passwords
from orca.provision.people.roles import EVERYWHERE, PROJECT_ROLES, project_role
from orca.provision.settings.values import PUBLIC
from orca.resources import TYPES, ids, rows
from orca.resources.errors import Refused
from orca.resources.types import ROLES
from orca.resources.views import View, granted, view
from orca.store import ReadTx, Record
from orca.wire.loopback import is_loopback

UNAUTHORIZED = 401
KEY_KINDS = ("apiKey", "agentApiKey")
LOWER = frozenset({"readAdmin", "user", "project", *PROJECT_ROLES})
"""Roles that an administrator may take on for a request (``_role``): each may do less."""


@dataclass(frozen=True, kw_only=True)
class Caller:
    """``account``: the account it acts for; ``user``: who signed in. They differ when somebody works in a project.

    ``auth``: how, in the audit log's words; ``proof``: the row of the key or token that was shown. ``on_behalf``: the
    request names ``account``, so that what it makes there may refer to nothing of other projects.
    """

    role: str
    account: rows.Account
    user: rows.Account
    view: View
    agent_id: int | None = None
    auth: str = "BasicAuth"
    proof: Record | None = None
    on_behalf: bool = False

    @property
    def stranger(self) -> bool:
        """True if no credentials were checked."""
        return self.role == "token"

    def introduce(self, ask: Ask) -> None:
        """Count the connection under its key from now on. Raises ``Refused`` if the key has too many."""
        if ask.visitor is not None and not self.stranger:
            proof = self.user if self.proof is None else self.proof
            ask.visitor.shows(f"{proof.root}/{proof.id}")

    def scope(self, tx: ReadTx, type: str, statement: sa.Select[Any]) -> sa.Select[Any]:
        """Cut a SELECT on a type to the rows this caller may see."""
        stored = tx.schema[type]
        columns = stored.table.c
        if self.role in EVERYWHERE:
            of_projects = stored.root != "account" and "r" in granted(TYPES[type], "project")
            if not (self.on_behalf and of_projects and "accountId" in columns):
                return statement
            return statement.where(columns.accountId.is_(None) | (columns.accountId == self.account.id))
        if type == "project" and self.account is self.user and self.role == "user":
            return statement.where(columns.id.in_(member_projects(tx, self.user.id)))
        if stored.root == "account":
            return statement.where(columns.id.in_([self.account.id, self.user.id]))
        if stored.root == "agent":
            return statement.where(columns.id == self.agent_id)
        if stored.root == "projectMember":
            projects = member_projects(tx, self.user.id) if self.role == "user" else [self.account.id]
            return statement.where(columns.projectId.in_(projects))
        if stored.root == "setting":
            return statement.where(columns.name.in_(PUBLIC))
        if "accountId" in columns:
            return statement.where(columns.accountId == self.account.id)
        return statement


def member_projects(tx: ReadTx, user_id: int) -> list[int]:
    """The projects of which an account is a member; inactive ones only if it owns them."""
    members = tx.find(rows.ProjectMember, externalId=str(user_id), externalIdType=LOCAL, state=WORKING)
    active = {id for (id,) in tx.values(rows.Project, "id", id=[member.projectId for member in members], state=WORKING)}
    return [member.projectId for member in members if member.projectId in active or member.role == "owner"]


def identify(tx: ReadTx, core: Core, ask: Ask) -> Caller:
    """The caller behind a request. Raises ``Refused`` with 401 or 403, or ``passwords.Unchecked``."""
    if sessions.is_sign_in(ask):
        return by_nobody(tx, ask)
    if core.server.open:
        check_door(ask)
        if not local_auth.enabled(tx, core) and ask.headers.get("x-enforce-authentication", "").lower() != "true":
            return open_door(tx, core, ask)
    return by_credentials(tx, core, ask)


def by_credentials(tx: ReadTx, core: Core, ask: Ask) -> Caller:
    """The caller that the credentials name. Raises like ``identify``."""
    given = bearer(ask)
    if given is not None:
        session, account = sessions.verify(tx, core, given.token)
        return act(tx, core, ask, active(account), auth="TokenAuth", proof=session, project=given.project)
    if asks_what_there_is(ask):
        return by_nobody(tx, ask)
    credentials = ask.basic()
    if credentials is None:
        raise unauthorized("credentials are needed")
    name, secret = credentials
    if name.lower() == REGISTRATION_USER:
        return by_token(tx, core, ask, secret)
    credential = tx.first(rows.Credential, publicValue=name, kind=KEY_KINDS, state=WORKING)
    if credential is None:
        credential = by_password(tx, core.part(Passwords), ask, name, secret)
    elif not matches(credential, secret):
        raise unauthorized("the key is not valid")
    return act(tx, core, ask, active(tx.get(rows.Account, credential.accountId)), proof=credential)


def active(account: rows.Account | None) -> rows.Account:
    """The account, if it may do anything now. Raises ``Refused`` with 401."""
    if account is None or account.state not in WORKING or account.removed is not None:
        raise unauthorized("the account is not active")
    return account


def asks_what_there_is(ask: Ask) -> bool:
    """True if a request without credentials is for the schemas, which describe signing in to everybody."""
    schemas_of_all = ask.project is None and ask.path[:1] != [] and ask.path[0].lower() in SCHEMA_PATHS
    return schemas_of_all and ask.method in SAFE and "authorization" not in ask.headers


def by_nobody(tx: ReadTx, ask: Ask) -> Caller:
    """A caller who is about to sign in sees ``token`` and its schema, and no other type."""
    account = tx.first(rows.Account, uuid="token")
    assert account is not None
    return Caller(role="token", account=account, user=account, view=view("token", ask.version), auth="TokenAccount")


def matches(credential: rows.Credential, secret: str) -> bool:
    """Compare a key's secret with its stored hash, in constant time."""
    given = hashlib.sha256(secret.encode()).hexdigest()
    return hmac.compare_digest(credential.secretHash or "", given)


def by_password(tx: ReadTx, passwords: Passwords, ask: Ask, name: str, secret: str) -> rows.Credential:
    """The credential of a login, if its password is right. Raises ``Refused`` with 401, or ``Unchecked``."""
    if is_generated(name):
        raise unauthorized("the key is not valid")
    credential = sessions.right_login(tx, passwords, ask.client, name, secret)
    if credential is None:
        raise unauthorized("the key is not valid")
    return credential


def check_door(ask: Ask) -> None:
    """Without access control accept only requests to localhost, so that no web page elsewhere can reach the server."""
    host = urlsplit(ask.origin).hostname or ""
    if not is_loopback(host):
        raise Refused("Forbidden", "without access control the server answers to localhost only", status=403)


def open_door(tx: ReadTx, core: Core, ask: Ask) -> Caller:
    """Without access control valid credentials still count; any other caller acts as the administrator."""
    if bearer(ask) is not None or is_registration(ask) or names_somebody(tx, ask):
        try:
            return by_credentials(tx, core, ask)
        except Refused as refused:
            if refused.status != UNAUTHORIZED or is_registration(ask):
                raise
    admin = tx.first(rows.Account, uuid="admin")
    assert admin is not None
    return act(tx, core, ask, admin, auth="AdminAuth")


def names_somebody(tx: ReadTx, ask: Ask) -> bool:
    """True if there is a key or login of that name. Clients of 2015 send invented ones if none are needed."""
    credentials = ask.basic()
    return credentials is not None and tx.count(rows.Credential, publicValue=credentials[0], state=WORKING) > 0


def is_registration(ask: Ask) -> bool:
    """True if a host shows its registration token."""
    return (ask.basic() or ("", ""))[0].lower() == REGISTRATION_USER


def by_token(tx: ReadTx, core: Core, ask: Ask, token: str) -> Caller:
    """A host that registers: it acts for the token's project, and sees only ``register``."""
    try:
        row = registration.authenticate(tx, core, token)
    except TokenRefused as error:
        raise unauthorized(str(error)) from None
    account = tx.require(rows.Account, row.accountId)
    if account.state not in WORKING:
        raise unauthorized("the project is not active")
    return Caller(
        role="register",
        account=account,
        user=account,
        view=view("register", ask.version),
        auth="RegistrationToken",
        proof=row,
    )


def act(
    tx: ReadTx,
    core: Core,
    ask: Ask,
    user: rows.Account,
    *,
    auth: str = "BasicAuth",
    proof: Record | None = None,
    project: str | None = None,
) -> Caller:
    """The caller as itself, or inside the project it names."""
    project = ask.project or ask.headers.get("x-api-project-id") or ask.first("projectId") or project
    kind = str(user.kind)
    if project is None or (kind == "project" and ids.parse(project) == user.id):
        made = maker(tx, proof)
        role, account = made if made in LESSER else kind, user
    else:
        role, account = in_project(tx, ids.parse(project), user)
    role = role_for(core, ask, user, role)
    agent = tx.first(rows.Agent, accountId=user.id) if role == "agent" else None
    return Caller(
        role=role,
        account=account,
        user=user,
        view=view(role, ask.version),
        agent_id=None if agent is None else agent.id,
        auth=auth,
        proof=proof,
    )


def in_project(tx: ReadTx, project_id: int | None, user: rows.Account) -> tuple[str, rows.Account]:
    """A user's role in a project, and the project. Raises ``Refused`` with 403 for any problem."""
    project = tx.get(rows.Project, project_id)
    role = None if project is None or project.removed is not None else project_role(tx, project, user)
    if project is None or role is None or (project.state not in WORKING and role != "owner"):
        raise Refused("Forbidden", "this project is not accessible", status=403)
    return role, project


def role_for(core: Core, ask: Ask, user: rows.Account, role: str) -> str:
    """The role that ``_role`` names. Only administrators may use it, and only for a lesser role; superadmin for any.

    Without access control administrators may choose any, as in v1. Raises ``Refused`` with 403.
    """
    wanted = ask.first("_role")
    if wanted is None or user.kind not in ("admin", "superadmin") or wanted not in ROLES:
        return role
    anything = user.kind == "superadmin" or core.server.open
    lower = PROJECT_ROLES[PROJECT_ROLES.index(role) :] if role in PROJECT_ROLES else LOWER
    if wanted != role and wanted not in lower and not anything:
        raise Refused("Forbidden", f"_role may only lower what one may do, and {wanted} does not", status=403)
    return wanted


def unauthorized(message: str) -> Refused:
    """401 in the API's words."""
    return Refused("Unauthorized", message, status=401)
