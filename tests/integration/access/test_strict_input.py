# SPDX-License-Identifier: Apache-2.0
"""What nobody knows: refused in `/v2`, passed over in `/v1`, which names it; for every type that can be made."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import Site, opened

from orca.resources.views import VERSIONS, view

MAKERS = ("project", "admin", "superadmin", "agent", "register")
ELSEWHERE = ("publish", "subscribe", "token")
"""What is posted there is an event, a login, or a wish for events: nothing is made of fields."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


def creatable(version: str) -> Iterator[tuple[str, str]]:
    """Who may make something, and where; each place once."""
    seen = set(ELSEWHERE)
    for role in MAKERS:
        for type in view(role, version).types.values():
            if "POST" in type.collection_methods and type.name not in seen:
                seen.add(type.name)
                yield role, type.path


@pytest.mark.parametrize(("version", "prefer"), [("v2", ""), ("v1", "handling=strict"), ("v2", "handling=lenient")])
async def test_what_is_unknown_is_refused_by_name(site: Site, version: str, prefer: str) -> None:
    wrong = []
    for role, path in creatable(version):
        reply = await site.ask(role, "POST", path, {"colour": "red"}, version=version, prefer=prefer)
        found = (reply.status, reply.body.get("code"), reply.body.get("fieldName"))
        if found != (422, "UnknownField", "colour"):
            wrong.append((path, found))
    assert wrong == []


async def test_v1_passes_it_over_and_names_it(site: Site) -> None:
    wrong = []
    for role, path in creatable("v1"):
        reply = await site.ask(role, "POST", path, {"colour": "red"})
        if reply.body.get("code") == "UnknownField" or reply.headers.get("x-orca-ignored-fields") != "colour":
            wrong.append((path, reply.status, reply.body.get("code")))
    assert wrong == []


async def test_there_is_much_to_make() -> None:
    assert all(len(list(creatable(version))) > 50 for version in VERSIONS)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("nmae=web", "nmae"),
        ("name_most=web", "name_most"),
        ("limit=many", "limit"),
        ("marker=next", "marker"),
        ("sort=colour", "sort"),
        ("sort=name&order=up", "order"),
        ("include=colours", "include"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused_where_fields_are(site: Site, query: str, field: str) -> None:
    for path in ("containers", f"environments/{site.rows['project', 'environment'][0]}/services"):
        forgiving = await site.ask("project", "GET", f"{path}?{query}")
        assert (forgiving.status, forgiving.body["type"]) == (200, "collection")
        for version, prefer in (("v2", ""), ("v1", "handling=strict")):
            reply = await site.ask("project", "GET", f"{path}?{query}", version=version, prefer=prefer)
            assert (reply.status, reply.body.get("fieldName")) == (422, field)


async def test_what_a_query_may_hold_is_taken(site: Site) -> None:
    query = "name_like=w%25&state_ne=removed&sort=name&order=DESC&limit=0&marker=m0&include=hosts&_removed=true"
    assert (await site.ask("project", "GET", f"containers?{query}", version="v2")).status == 200
    own = site.rows["project", "container"][0]
    assert (await site.ask("project", "GET", f"containers/{own}?include=hosts", version="v2")).status == 200
    wrong = await site.ask("project", "GET", f"containers/{own}?name=web", version="v2")
    assert (wrong.status, wrong.body["fieldName"]) == (422, "name")


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("", {"GET"}),
        ("schemas", {"GET"}),
        ("containers", {"GET", "POST"}),
        ("auditlogs", {"GET"}),
        ("containers/{id}", {"GET", "PUT", "DELETE", "POST"}),
        ("containers/{id}/hosts", {"GET"}),
    ],
)
async def test_another_method_is_told_those_there_are(site: Site, path: str, methods: set[str]) -> None:
    reply = await site.ask("project", "OPTIONS", path.format(id=site.rows["project", "container"][0]))
    assert (reply.status, set(reply.headers["allow"].split(", "))) == (405, methods)
