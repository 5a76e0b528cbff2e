# SPDX-License-Identifier: Apache-2.0
"""A server's API in this process with somebody of every role, and two of each resource: one's own, and a stranger's.

Nothing works on processes meanwhile, so that what is asked for is all that happens.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from orca.api.app import Application
from orca.api.connections.tls import Identity
from orca.api.connections.visitors import Visitors
from orca.api.datadir import bootstrap
from orca.api.server import Settings, assemble
from orca.engine import Core
from orca.provision.hosts.registration import TOKEN_CONTEXT
from orca.provision.settings.values import AGENT_IMAGE
from orca.resources import TYPES, ids, rows, schema
from orca.resources.views import inherited_fields
from orca.store import Database, Tx, Vault

SECRET = "somebody's secret"
KINDS = ("superadmin", "service", "admin", "readAdmin", "user", "project", "agent")
MEMBERS = ("owner", "member", "restricted", "readonly")
PEERS = itertools.count(1)
"""A host has one link to each other host."""


@dataclass(frozen=True)
class Person:
    """Who asks: how they sign in, below which path, and for which account they act."""

    key: str | None
    secret: str
    path: str
    account: int


@dataclass(frozen=True)
class Reply:
    """A status, a body, and the headers."""

    status: int
    body: Any
    headers: dict[str, str]


class Site:
    """The application, the people, and the ids of the resources by (role, type): own, foreign."""

    def __init__(self, app: Application, core: Core) -> None:
        self.app = app
        self.core = core
        self.people: dict[str, Person] = {}
        self.rows: dict[tuple[str, str], tuple[str, str]] = {}

    async def ask(
        self,
        role: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        version: str = "v1",
        prefer: str = "",
        inside: str | None = None,
        project: str = "",
    ) -> Reply:
        """One request. `inside`: below this path instead of the person's own; `project`: named in a header."""
        person = self.people[role]
        headers = [(b"host", b"127.0.0.1:8080"), (b"content-type", b"application/json"), (b"prefer", prefer.encode())]
        if person.key is not None:
            pair = base64.b64encode(f"{person.key}:{person.secret}".encode())
            headers.append((b"authorization", b"Basic " + pair))
        if project:
            headers.append((b"x-api-project-id", project.encode()))
        path, _, query = f"/{version}{person.path if inside is None else inside}/{path}".partition("?")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "client": ("127.0.0.1", 40000),
            "server": ("127.0.0.1", 8080),
        }
        content = b"" if body is None else json.dumps(body).encode()
        status, told, parts = 0, {}, []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, told
            if message["type"] == "http.response.start":
                status = message["status"]
                told = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return Reply(status, json.loads(b"".join(parts)), told)


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Site]:
    """A new server with everybody and everything in it."""
    db = await Database.open(f"sqlite:///{folder / 'orca.db'}", schema())
    identity = Identity(certificate=folder / "none.pem", key=folder / "none.key", ca_pem="", ca_sha256="0" * 64)
    assembly = assemble(Settings(data_dir=folder, sim=True), db, "http://127.0.0.1:8080", identity)
    site = Site(Application(assembly, Visitors((), 1000)), assembly)
    try:
        await bootstrap.first_start(assembly)
        await db.write(lambda tx: populate(tx, site))
        await register(site)
        yield site
    finally:
        await db.close()


def populate(tx: Tx, site: Site) -> None:
    """People, projects, and rows of every stored type for each of them."""
    here, elsewhere = (
        tx.insert(rows.Project, name=name, kind="project", state="active") for name in ("here", "elsewhere")
    )
    accounts, vault = {}, site.core.vault
    for role in (*KINDS, *MEMBERS):
        kind = role if role in KINDS else "user"
        account = here if role == "project" else tx.insert(rows.Account, kind=kind, name=role, state="active")
        accounts[role] = account
        key = f"key of {role}"
        tx.insert(
            rows.ApiKey,
            kind="agentApiKey" if role == "agent" else "apiKey",
            accountId=account.id,
            publicValue=key,
            secretHash=hashlib.sha256(SECRET.encode()).hexdigest(),
            state="active",
        )
        if role in MEMBERS:
            member = {"externalId": str(account.id), "externalIdType": "rancher_id", "role": role, "state": "active"}
            tx.insert(rows.ProjectMember, projectId=here.id, accountId=here.id, **member)
            site.people[role] = Person(key, SECRET, f"/projects/{ids.show('project', here.id)}", here.id)
        else:
            site.people[role] = Person(key, SECRET, "", account.id)
    agent = tx.insert(rows.Agent, accountId=accounts["agent"].id, uri="event:///own", state="active")
    site.people["register"] = Person("registrationToken", "", "", here.id)
    site.people["token"] = Person(None, "", "", here.id)
    owned = tx.insert(rows.Project, name="owned", kind="project", state="active")
    tx.insert(
        rows.ProjectMember,
        projectId=owned.id,
        accountId=owned.id,
        externalId=str(accounts["user"].id),
        externalIdType="rancher_id",
        role="owner",
        state="active",
    )
    for role, person in site.people.items():
        for name, type in TYPES.items():
            if type.table:
                pair = (row(tx, name, person.account, role, vault), row(tx, name, elsewhere.id, f"not {role}", vault))
                site.rows[role, name] = pair
        account = ids.show("account", person.account)
        own, strange = (
            tx.insert(rows.Project, name=f"{which} {role}", kind="project", state="active") for which in "ab"
        )
        own = owned if role == "user" else own if role in ("superadmin", "service", "admin", "readAdmin") else None
        stranger = tx.insert(rows.Account, kind="user", name=f"stranger of {role}", state="active")
        site.rows[role, "account"] = (account, ids.show("account", stranger.id))
        site.rows[role, "project"] = (
            ids.show("project", own.id) if own is not None else account,
            ids.show("project", strange.id),
        )
        if role == "user":
            theirs = row(tx, "projectMember", owned.id, role, vault)
            site.rows[role, "projectMember"] = (theirs, site.rows[role, "projectMember"][1])
        if role == "agent":
            site.rows[role, "agent"] = (ids.show("agent", agent.id), site.rows[role, "agent"][1])


def row(tx: Tx, name: str, account: int, who: str, vault: Vault) -> str:
    """The id of a new active row that belongs to an account."""
    type = TYPES[name]
    if type.id_field == "name":
        return AGENT_IMAGE  # Of settings everybody sees those that the server knows.
    known = schema()[name].columns
    fields: dict[str, Any] = {"state": "active", "accountId": account, "projectId": account}
    fields |= {"name": f"{name} of {who}", "key": f"{name} of {who}", "endTime": tx.now}
    fields |= {"peerHostId": next(PEERS)}
    if name == "processInstance":
        fields |= {"processName": "host.create", "resourceType": "host", "resourceId": str(next(PEERS))}
    fields = {key: value for key, value in fields.items() if key in known}
    declared = inherited_fields(type)
    for key in schema()[name].always - fields.keys() - {"kind", "uuid", "created"}:
        if target := declared[key].reference:
            fields[key] = near(tx, target, account, who, vault)
        else:
            fields[key] = next(PEERS) if declared[key].type in ("int", "date") else f"{key} {who}"
    record = tx.insert(name, **fields)
    if name == "registrationToken":
        tx.update(record, secret=vault.seal(SECRET, TOKEN_CONTEXT))
    return shown(name, record, type.id_field)


def near(tx: Tx, type: str, account: int, who: str, vault: Vault) -> int:
    """A row of that type that belongs to the same account."""
    if type in ("account", "project"):
        return account
    found = tx.first(type, accountId=account)
    id = ids.parse(row(tx, type, account, who, vault)) if found is None else found.id
    assert id is not None
    return id


def shown(name: str, record: Any, id_field: str) -> str:
    """How URLs name a row."""
    return ids.show(name, record.id) if id_field == "id" else str(getattr(record, id_field))


async def register(site: Site) -> None:
    """The token of a project, with which hosts register."""
    await site.core.engine.start()
    made = await site.ask("project", "POST", "registrationtokens", {})
    assert made.status == 201, made
    async with asyncio.timeout(20):
        with site.core.db.bus.subscribe() as changes:
            while not (token := (await site.ask("project", "GET", f"registrationtokens/{made.body['id']}")).body)[
                "token"
            ]:
                await changes.batch()
    await site.core.engine.stop()
    person = site.people["register"]
    site.people["register"] = Person(person.key, token["token"], person.path, person.account)
