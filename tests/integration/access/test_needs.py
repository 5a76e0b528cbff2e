# SPDX-License-Identifier: Apache-2.0
"""What an action or a verb needs is the caller's role in the project of the row, whatever the route to it.

`needs.json` says for every type with rows who may ask for what of it: roles in the project of the row, and the actions
and verbs. ``key`` is the project's own key, ``lesser`` one that a restricted member made; an account is one's own. A
kind that somebody does not see is shown to them as the type above it, and does what that does. The requests are
generated from the declarations: every type, action and verb, by everybody, on every route.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orca.resources import rows

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import SECRET, Person, Reply, Site, opened

from orca.resources import TYPES, ids
from orca.resources.views import VERSIONS, view
from orca.store import Tx

NEEDS: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "needs.json").read_text())
NOBODY = "nobody"
"""Whom the table says of what no role in a project may ask for."""
PEOPLE = ("owner", "member", "restricted", "readonly")
KEYS = {"key": "project", "lesser": "lesser"}
ROLES = (*PEOPLE, *KEYS)
VERBS = ("PUT", "DELETE")
WHO_ASKS = ("projectMember", "project", "account")
"""Types whose rows are those who ask: asked about after the others, and of these who may do least first."""
AT_ONCE = 64


class Route(NamedTuple):
    """How a row is reached: the path before the type's, and the project that a header or the query names."""

    name: str
    inside: str
    header: str = ""
    query: str = ""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        await site.core.db.write(lambda tx: people_and_keys(tx, site))
        yield site


def people_and_keys(tx: Tx, site: Site) -> None:
    """A key of a restricted member, a stranger, and for each person a project that is their own."""
    here = site.people["owner"].account
    tx.insert(
        rows.ApiKey,
        accountId=here,
        publicValue="key of a restricted member",
        secretHash=hashlib.sha256(SECRET.encode()).hexdigest(),
        state="active",
        role="restricted",
    )
    site.rows.update(dict.fromkeys(((key, "own account") for key in KEYS), (ids.show("project", here), "")))
    site.people["lesser"] = Person("key of a restricted member", SECRET, "", here)
    for role in PEOPLE:
        (account,) = tx.find(rows.Account, name=role, kind="user")
        theirs = tx.insert(rows.Project, name=f"of {role}", kind="project", state="active")
        member = {"externalId": str(account.id), "externalIdType": "rancher_id", "role": "owner", "state": "active"}
        tx.insert(rows.ProjectMember, projectId=theirs.id, accountId=theirs.id, **member)
        site.rows[role, "own account"] = (ids.show("account", account.id), "")
        site.rows[role, "own project"] = (ids.show("project", theirs.id), "")


def stored() -> list[str]:
    """The types with rows of their own."""
    return [name for name, type in TYPES.items() if type.table and type.view is None]


def asked_of(name: str) -> list[str]:
    """What can be asked of a row by somebody, somewhere; behind a star, what is asked of all rows."""
    type = view("superadmin", "v2").types[name]
    return [*VERBS, *type.actions, *(f"*{action}" for action in type.collection_actions)]


def may(name: str, role: str) -> set[str]:
    """What the table gives a role."""
    return {each for roles, what in NEEDS[name].items() if role in roles.split() for each in what.split()}


def routes(site: Site, role: str, name: str) -> list[Route]:
    """All ways to a row of `here`."""
    here = site.people["owner"].path
    id = here.rpartition("/")[2]
    found = [Route("inside", here), Route("outside", "")]
    if role in PEOPLE:
        found.append(Route("inside of a project of their own", f"/projects/{site.rows[role, 'own project'][0]}"))
    if name in WHO_ASKS:
        found += [Route("by the header", "", header=id), Route("by the query", "", query=f"projectId={id}")]
    return found


def denied(reply: Reply) -> bool:
    """Whether the role, not content or state, is the reason."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if reply.status == 405:
        return body.get("message") in (None, "Method not allowed")
    only_owners = str(body.get("message")).startswith("only owners of the project")
    return reply.status in (401, 403, 404) or body.get("code") == "InvalidAction" or only_owners


def paths(name: str) -> set[str]:
    """The type's collection, and that of the types above it."""
    found, type = set(), TYPES[name]
    found.add(type.plural.lower())
    while type.parent is not None:
        type = TYPES[type.parent]
        found.add(type.plural.lower())
    return found


def test_the_table_has_every_type_and_action_and_no_other() -> None:
    assert sorted(NEEDS) == sorted(stored())
    for name, entry in NEEDS.items():
        said = [each for what in entry.values() for each in what.split()]
        assert sorted(said) == sorted(asked_of(name)), name
        assert {role for roles in entry for role in roles.split()} <= {*ROLES, NOBODY}, name


async def test_the_role_in_the_project_of_the_row_decides_on_every_route(site: Site) -> None:
    wrong: list[str] = []
    asked = 0
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(role: str, name: str, what: str) -> None:
        """Who may do it can on some route; who may not cannot on any."""
        nonlocal asked
        allowed, done = what in may(name, role), []
        who = KEYS.get(role, role)
        id = site.rows[(role, "own account") if name == "account" else ("owner", name)][0]
        for route in routes(site, role, name)[: 1 if what.startswith("*") else None]:
            # Both versions decide alike: it is enough to see that on one route, and on all of them for those who ask.
            for version in VERSIONS if route.name == "inside" or name in WHO_ASKS else ("v2",):
                for path in paths(name) if version == "v2" else (TYPES[name].plural.lower(),):
                    action = "" if what in VERBS else f"action={what.lstrip('*')}"
                    method = what if what in VERBS else "POST"
                    of = path if what.startswith("*") else f"{path}/{id}"
                    target = f"{of}?{'&'.join(filter(None, (route.query, action)))}"
                    async with gate:
                        reply = await site.ask(
                            who, method, target, {}, version=version, inside=route.inside, project=route.header
                        )
                    asked += 1
                    if reply.status >= 500 and reply.status != 501:
                        wrong.append(f"{what} {name} as {role}, {route.name}: {reply.status}")
                    if not denied(reply):
                        done.append(f"{version} {path} {route.name}: {reply.status} {reply.body}")
        if done and not allowed:
            wrong.append(f"{what} {name} as {role} is allowed: {done}")
        if allowed and not done:
            wrong.append(f"{what} {name} as {role} is refused on every route")

    async def ask_all(name: str, among: tuple[str, ...], *, allowed: bool) -> None:
        for role in among:
            for what in asked_of(name):
                if (what in may(name, role)) == allowed:
                    await ask(role, name, what)

    async def row(name: str) -> Any:
        id = site.rows["owner", name][0]
        return await site.core.db.read(lambda tx: state_of(tx, name, id))

    least_first = tuple(reversed(ROLES))
    before = {name: await row(name) for name in stored()}
    await asyncio.gather(*(ask_all(name, least_first, allowed=False) for name in stored()))
    assert {name: await row(name) for name in stored()} == before
    await asyncio.gather(*(ask_all(name, least_first, allowed=True) for name in stored() if name not in WHO_ASKS))
    for name in WHO_ASKS:
        await ask_all(name, least_first, allowed=True)
    assert asked > 10_000
    assert not wrong, "\n".join(sorted(wrong))


def state_of(tx: Any, name: str, id: str) -> tuple[Any, ...]:
    """What a change would show in."""
    if TYPES[name].id_field != "id":
        found = tx.first(name, **{TYPES[name].id_field: id})
    else:
        found = tx.get(name, ids.parse(id))
    return (found.get("state"), found.get("name"), found.get("removed"))
