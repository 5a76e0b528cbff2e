# SPDX-License-Identifier: Apache-2.0
"""Whatever a resource links to is there for whoever was shown the link."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import Site, opened

from orca.resources.views import VERSIONS, view

ROLES = ("superadmin", "service", "admin", "readAdmin", "user", "project", "owner", "member", "restricted", "readonly")
MADE_UP = ("projectMember", "registrationToken", "meshLink")
"""Types whose rows here name a project, a script or a host that there is not."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


async def dead(site: Site, role: str, version: str, path: str) -> list[str]:
    """The links of a resource that lead nowhere."""
    shown = await site.ask(role, "GET", path, version=version)
    assert shown.status == 200, (role, path, shown)
    found = []
    base = f"/{version}{site.people[role].path}/"
    for name, url in shown.body["links"].items():
        target = urlsplit(url).path.removeprefix(base)
        reply = await site.ask(role, "GET", target, version=version)
        if reply.status not in (200, 503):
            found.append(f"{version} {role} {path}: {name} {reply.status}")
    return found


@pytest.mark.parametrize("version", VERSIONS)
async def test_no_link_is_dead(site: Site, version: str) -> None:
    wrong = []
    for role in ROLES:
        for type in view(role, version).types.values():
            if (
                type.name not in MADE_UP
                and type.type.table
                and type.type.view is None
                and "GET" in type.resource_methods
            ):
                wrong += await dead(site, role, version, f"{type.path}/{site.rows[role, type.name][0]}")
    assert not wrong, "\n".join(wrong)


async def test_a_project_is_an_account_where_accounts_are_asked_for(site: Site) -> None:
    own = site.rows["superadmin", "project"][0]
    for role in ("superadmin", "admin", "readAdmin", "service"):
        for path, type in ((f"projects/{own}", "project"), (f"accounts/{own}", "account")):
            shown = (await site.ask(role, "GET", path)).body
            assert (shown["type"], shown["kind"], shown["baseType"]) == (type, "project", "account")
            assert shown["links"]["self"].endswith(f"/v1/{path}")
        listed = (await site.ask(role, "GET", "accounts?kind=project")).body["data"]
        assert own in [each["id"] for each in listed]
        assert {each["type"] for each in listed} == {"account"}
    stack = site.rows["project", "environment"][0]
    assert (await site.ask("project", "GET", f"environments/{stack}/account")).body["type"] == "account"
    included = await site.ask("project", "GET", f"environments/{stack}?include=account")
    assert included.body["account"]["type"] == "account"


async def test_a_project_does_not_become_somebody(site: Site) -> None:
    path = f"accounts/{site.rows['admin', 'project'][0]}"
    for version in VERSIONS:
        reply = await site.ask("admin", "PUT", path, {"kind": "user"}, version=version)
        assert (reply.status, reply.body["fieldName"]) == (422, "kind")
    renamed = await site.ask("admin", "PUT", path, {"name": "renamed"})
    assert (renamed.status, renamed.body["type"], renamed.body["name"]) == (200, "account", "renamed")


async def test_names_in_urls_are_quoted(site: Site) -> None:
    made = await site.ask("admin", "POST", "settings", {"name": "a b/c?d", "value": "1"})
    assert made.status == 201
    url = made.body["links"]["self"]
    assert url.endswith("/settings/a%20b%2Fc%3Fd")
    assert (await site.ask("admin", "GET", urlsplit(url).path.removeprefix("/v1/"))).body["name"] == "a b/c?d"
