# SPDX-License-Identifier: Apache-2.0
"""Every type, verb and role, on one's own resources and on those of strangers, against `rights.json`.

The table is made from the v1 API's rights, not from our declarations; `rights_stricter.json` says where safety wins
over them: only owners change a project and its members, and who is restricted makes no hosts. `rights_v2.json` says
what is otherwise in `/v2`: everybody may look at what the platform does for their project, and who makes hosts may make
simulated ones. Letters: ``c`` create, ``r`` read, ``u`` update, ``d`` remove, ``a`` act; ``-``: the type does not exist
for these roles. A ``part`` is only found inside other things.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import MEMBERS, Reply, Site, opened

from orca.resources import TYPES
from orca.resources.views import view


def table(name: str) -> dict[str, dict[str, Any]]:
    """One of the tables: letters and roles by type."""
    found: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / f"{name}.json").read_text())
    return found


V1 = table("rights") | table("rights_stricter")
OURS = table("rights_v2")
TABLES = {"v1": V1, "v2": V1 | OURS}
ROLES = (
    "superadmin",
    "service",
    "admin",
    "readAdmin",
    "user",
    "project",
    "owner",
    "member",
    "restricted",
    "readonly",
    "agent",
    "register",
    "token",
)
EVERYWHERE = ("superadmin", "service", "admin", "readAdmin")
AT_ONCE = 64
ENDING = ("remove", "ask to deactivate", "ask to remove", "ask to purge")
WHO_ASKS = ("account", "project", "projectMember")
"""Types whose rows are those who ask: what ends them is asked of strangers only."""
STRICTER = {
    "create apiKey as service": "keys of services come from the server's own command",
    "create password as service": "keys of services come from the server's own command",
    "update own account as service": "built-in accounts are not changed",
}
"""Where who asks is refused although the table would let them, and why."""
BODIES = {"agent": {"uri": "sim://somebody"}}
"""What is to be created, where that decides who may."""
SHARED = ("setting", "activeSetting", "configItem")
"""Types whose rows are nobody's."""


def letters(type: str, role: str, version: str) -> str:
    """What the table gives a role."""
    row = TABLES[version][type]
    (found,) = (key for key, roles in row.items() if key != "part" and role in roles.split())
    return found.replace("-", "")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


def test_the_tables_have_every_type_and_role() -> None:
    assert sorted(V1) == sorted(name for name in TYPES if not TYPES[name].ours)
    assert sorted(TABLES["v2"]) == sorted(TYPES)
    for name, row in (*V1.items(), *OURS.items()):
        assert sorted(" ".join(roles for key, roles in row.items() if key != "part").split()) == sorted(ROLES), name


def refused(reply: Reply) -> bool:
    """Whether the role, not the content or the state, is the reason."""
    body = reply.body if isinstance(reply.body, dict) else {}
    if reply.status == 405:
        return body.get("message") in (None, "Method not allowed")
    return reply.status in (401, 403, 404) or body.get("code") == "InvalidAction"


def complaints(site: Site, name: str, role: str, version: str) -> Iterator[tuple[str, str, str, Any, int | None]]:
    """The requests for one type and role: what, method, path, body, and the status wanted (None: not refused)."""
    given, plural = letters(name, role, version), TYPES[name].plural.lower()
    if name == "token":
        return  # signing in is for everybody
    if role == "token" and not given:
        yield "list", "GET", plural, None, 401
        return
    if not given:
        yield "list", "GET", plural, None, 404
        yield "create", "POST", plural, {}, 404
    elif TABLES[version][name].get("part"):
        yield "list", "GET", plural, None, 405
        yield "create", "POST", plural, {}, 405
    else:
        yield "list", "GET", plural, None, None if "r" in given and TYPES[name].listed else 405
        if TYPES[name].view is not None:
            yield "create", "POST", plural, {}, 405  # shown from other rows: there are none of its own
        elif TYPES[name].table and not (name == "projectMember" and role in MEMBERS):
            yield "create", "POST", plural, BODIES.get(name, {}), None if "c" in given else 405
    if TYPES[name].view is not None or not TYPES[name].table or (name == "projectMember" and role in MEMBERS):
        return  # what follows a project's id so is the project's own link
    own, foreign = site.rows[role, name]
    for whose, id in (("own", own), ("foreign", foreign)):
        visible = "r" in given and (whose == "own" or role in EVERYWHERE or name in SHARED)
        # Both versions decide alike on actions: where the rights are the same they are asked for once.
        actions = view("superadmin", version).types[name].actions if version == "v1" or name in OURS else ()
        for letter, what, method, path, body in (
            ("r", "read", "GET", f"{plural}/{id}", None),
            *(("a", f"ask to {action}", "POST", f"{plural}/{id}/?action={action}", {}) for action in actions),
            ("u", "update", "PUT", f"{plural}/{id}", {}),
            ("d", "remove", "DELETE", f"{plural}/{id}", None),
        ):
            if whose == "own" and name in WHO_ASKS and what in ENDING and letter in given:
                continue
            wanted = 404 if not visible else None if letter in given else 422 if letter == "a" else 405
            if what == "read" and given and "r" not in given:
                wanted = 405
            yield f"{what} {whose}", method, path, body, wanted


async def test_every_role_may_do_what_the_table_says_and_nothing_else(site: Site) -> None:
    wrong: list[str] = []
    asked = 0
    gate = asyncio.Semaphore(AT_ONCE)

    async def check(name: str, role: str, version: str) -> None:
        nonlocal asked
        async with gate:
            for what, method, path, body, wanted in complaints(site, name, role, version):
                reply = await site.ask(role, method, path, body, version=version)
                asked += 1
                good = not refused(reply) and reply.status < 500 if wanted is None else reply.status == wanted
                if not good and f"{what} {name} as {role}" not in STRICTER:
                    message = reply.body.get("message") if isinstance(reply.body, dict) else ""
                    wanted = wanted or "allowed"
                    wrong.append(f"{version}: {what} {name} as {role}: {reply.status} {message}, not {wanted}")

    for version, table in TABLES.items():
        await asyncio.gather(*(check(name, role, version) for name in table for role in ROLES))
    assert asked > 30_000
    assert not wrong, "\n".join(sorted(wrong))


async def test_lists_show_nothing_of_strangers(site: Site) -> None:
    wrong = []
    for version, name, role in [(v, n, r) for v, table in TABLES.items() for n in table for r in ROLES]:
        type = TYPES[name]
        if not type.table or name in SHARED or role in (*EVERYWHERE, "token"):
            continue
        if "r" in letters(name, role, version):
            reply = await site.ask(role, "GET", f"{type.plural.lower()}?limit=3000", version=version)
            shown = {each["id"] for each in reply.body["data"]}
            own, foreign = site.rows[role, name]
            if foreign in shown:
                wrong.append(f"{version}: {name} as {role} shows {foreign}")
            if own not in shown:
                wrong.append(f"{version}: {name} as {role} does not show its own {own}")
    assert not wrong, "\n".join(sorted(wrong))


@pytest.mark.parametrize("role", ["member", "restricted", "readonly", "project"])
async def test_only_owners_and_administrators_run_a_project(site: Site, role: str) -> None:
    project = site.people["owner"].path.rpartition("/")[2]
    before = (await site.ask("admin", "GET", f"projects/{project}")).body
    for path in (f"projects/{project}", f"accounts/{project}"):
        shown = await site.ask(role, "GET", path)
        assert shown.status == 200
        assert shown.body["actions"] == {}
        for action in ("deactivate", "remove", "purge", "update", "setmembers"):
            reply = await site.ask(role, "POST", f"{path}/?action={action}", {"members": [{"externalId": "1"}]})
            assert reply.status in (403, 404, 422), (path, action, reply)
        assert (await site.ask(role, "PUT", path, {"name": "taken over"})).status in (403, 404, 405)
        assert (await site.ask(role, "DELETE", path)).status in (403, 404, 405)
    assert (await site.ask("admin", "GET", f"projects/{project}")).body == before


async def test_members_see_who_else_is_a_member(site: Site) -> None:
    for role in MEMBERS:
        reply = await site.ask(role, "GET", "projectmembers")
        assert {"owner", "member", "restricted", "readonly"} <= {each["role"] for each in reply.body["data"]}
    assert (await site.ask("user", "GET", f"{site.people['owner'].path[1:]}/projectmembers")).status in (403, 404)
