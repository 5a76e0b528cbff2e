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


STRICT = (("v2", ""), ("v1", "handling=strict"))
CHANGERS = ("project", "user", "admin", "superadmin")


def changeable(version: str) -> Iterator[tuple[str, str, str]]:
    """Who may change something, which type, and where."""
    for role in CHANGERS:
        for type in view(role, version).types.values():
            if type.type.table and type.type.view is None and "PUT" in type.resource_methods:
                yield role, type.name, type.path


@pytest.mark.parametrize(("version", "prefer"), [*STRICT, ("v1", "")])
async def test_a_whole_object_can_be_sent_back(site: Site, version: str, prefer: str) -> None:
    wrong = []
    for role, type, path in changeable(version):
        url = f"{path}/{site.rows[role, type][0]}"
        shown = (await site.ask(role, "GET", url, version=version)).body
        reply = await site.ask(role, "PUT", url, shown, version=version, prefer=prefer)
        if reply.body.get("code") == "UnknownField" or "x-orca-ignored-fields" in reply.headers:
            wrong.append((role, url, reply.body.get("fieldName"), reply.headers.get("x-orca-ignored-fields")))
    assert wrong == []
    assert len(list(changeable(version))) > 60


@pytest.mark.parametrize(
    ("type", "field", "value"),
    [
        ("container", "imageUuid", "sim:other"),
        ("container", "state", "stopped"),
        ("container", "createdTS", 1),
        ("container", "uuid", None),
        ("service", "launchConfig", {"imageUuid": "sim:new"}),
        ("host", "hostname", "elsewhere"),
    ],
)
async def test_what_cannot_be_changed_is_no_wish(site: Site, type: str, field: str, value: object) -> None:
    url = f"{type}s/{site.rows['project', type][0]}"
    before = (await site.ask("project", "GET", url)).body
    for version, prefer in STRICT:
        reply = await site.ask("project", "PUT", url, {field: value, "name": "other"}, version=version, prefer=prefer)
        found = (reply.status, reply.body.get("code"), reply.body.get("fieldName"))
        assert found == (422, "UnknownField", field)
    assert (await site.ask("project", "GET", url)).body == before
    forgiving = await site.ask("project", "PUT", url, {field: value})
    assert (forgiving.status, forgiving.headers.get("x-orca-ignored-fields")) == (200, field)


async def test_what_is_made_is_what_was_asked_for(site: Site) -> None:
    own, other = (site.rows[role, "account"][0] for role in ("user", "readAdmin"))
    for version, prefer in STRICT:
        reply = await site.ask("user", "POST", "apikeys", {"accountId": other}, version=version, prefer=prefer)
        assert (reply.status, reply.body.get("fieldName")) == (422, "accountId")
        reply = await site.ask("user", "POST", "apikeys", {"accountId": own}, version=version, prefer=prefer)
        assert (reply.status, reply.body.get("accountId")) == (201, own)
    forgiving = await site.ask("user", "POST", "apikeys", {"accountId": other})
    assert (forgiving.body["accountId"], forgiving.headers["x-orca-ignored-fields"]) == (own, "accountId")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "identities?nmae=bob"),
        ("GET", "identities/{identity}?name=bob"),
        ("GET", "?foo=1"),
        ("GET", "schemas?foo=1"),
        ("GET", "schemas/container?foo=1"),
        ("GET", "openapi.json?foo=1"),
        ("GET", "containers/{container}/account?foo=1"),
        ("POST", "environments?dryRun=true"),
        ("POST", "environments?action=upgrade"),
        ("PUT", "containers/{container}?foo=1"),
        ("DELETE", "containers/{container}?force=true"),
        ("POST", "containers/{container}?action=stop&timeout=1"),
    ],
)
async def test_so_is_a_query_anywhere_else(site: Site, method: str, path: str) -> None:
    identity = f"1i!rancher_id:{site.rows['project', 'account'][0]}"
    path = path.format(container=site.rows["project", "container"][0], identity=identity)
    for version, prefer in STRICT:
        reply = await site.ask("project", method, path, {}, version=version, prefer=prefer)
        assert (reply.status, reply.body.get("code")) == (422, "UnknownField")
        assert reply.body["fieldName"] in path
    assert (await site.ask("project", method, path, {"name": "forgiven"})).body.get("code") != "UnknownField"


async def test_identities_are_found_as_before(site: Site) -> None:
    for query in ("name=nobody", "all=nobody"):
        reply = await site.ask("project", "GET", f"identities?{query}", version="v2")
        assert (reply.status, reply.body["data"]) == (200, [])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_an_action_is_asked_for_with_post(site: Site, method: str) -> None:
    url = f"services/{site.rows['project', 'service'][0]}"
    before = (await site.ask("project", "GET", url)).body
    for version in VERSIONS:
        reply = await site.ask("project", method, f"{url}/?action=deactivate", {"name": "x"}, version=version)
        assert (reply.status, reply.body["code"], reply.body["detail"]) == (422, "InvalidAction", "deactivate")
    assert (await site.ask("project", "GET", url)).body == before
