# SPDX-License-Identifier: Apache-2.0
"""A field that is left out is the caller's fault if the caller can give it; a damaged row of the server never is."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import Site, opened
from test_strict_input import creatable

from orca.resources import ids, rows
from orca.resources.views import view


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


async def test_nothing_is_made_of_nothing_without_an_answer_that_says_why(site: Site) -> None:
    wrong = []
    for role, path in creatable("v2"):
        reply = await site.ask(role, "POST", path, {}, version="v2")
        if reply.status == 500 or (reply.body.get("code") == "MissingRequired" and not reply.body.get("fieldName")):
            wrong.append((role, path, reply.status))
    assert wrong == []


async def test_nothing_is_emptied_without_an_answer_that_says_why(site: Site) -> None:
    wrong = []
    for type in view("project", "v2").types.values():
        own, _ = site.rows.get(("project", type.name), (None, None))
        if own is None or "PUT" not in type.resource_methods:
            continue
        for name in [name for name, shown in type.fields.items() if "u" in shown.letters]:
            reply = await site.ask("project", "PUT", f"{type.path}/{own}", {name: None}, version="v2")
            if reply.status == 500:
                wrong.append((type.name, name))
    assert wrong == []


async def test_a_damaged_row_is_the_servers_fault(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    host = await site.core.db.write(lambda tx: tx.insert(rows.Host, accountId=1, agentId=1, state="active"))
    damage = sa.update(site.core.db.schema["host"].table).values(accountId=None)
    await site.core.db.write(lambda tx: tx.execute(damage.where(sa.column("id") == host.id)))
    reply = await site.ask(
        "superadmin", "PUT", f"hosts/{ids.show('host', host.id)}", {"labels": {"a": "b"}}, version="v2"
    )
    assert (reply.status, reply.body["code"]) == (500, "Internal Server Error")
    assert "a row of label must have accountId" in caplog.text


async def test_a_resource_keeps_its_id(site: Site) -> None:
    own, other = site.rows["superadmin", "host"][0], site.rows["user", "account"][0]
    for id in (None, 7, other):
        reply = await site.ask("superadmin", "PUT", f"hosts/{own}", {"id": id}, version="v2")
        assert (reply.status, reply.body["code"], reply.body["fieldName"]) == (422, "UnknownField", "id")
    reply = await site.ask("superadmin", "PUT", f"hosts/{own}", {"id": own, "name": "other"}, version="v2")
    assert (reply.status, reply.body["id"], reply.body["name"]) == (200, own, "other")


async def test_nobody_numbers_a_new_resource(site: Site) -> None:
    last = f"1a{2**63 - 1}"
    for id in (last, 2**63 - 1, None):
        reply = await site.ask("superadmin", "POST", "accounts", {"kind": "user", "name": "x", "id": id})
        assert (reply.status, reply.headers["x-orca-ignored-fields"]) == (201, "id")
        assert reply.body["id"] != last
    reply = await site.ask("superadmin", "POST", "accounts", {"kind": "user", "id": last}, version="v2")
    assert (reply.status, reply.body["code"], reply.body["fieldName"]) == (422, "UnknownField", "id")


async def test_labels_without_values_go_like_others(site: Site) -> None:
    path = f"hosts/{site.rows['service', 'host'][0]}"
    for labels in ({"a": "b"}, {}):
        reply = await site.ask("service", "PUT", path, {"labels": labels})
        assert (reply.status, reply.body["labels"]) == (200, labels)


async def test_what_only_the_platform_writes_is_checked_all_the_same(site: Site) -> None:
    path = f"processinstances/{site.rows['superadmin', 'processInstance'][0]}"
    for field, value in (("resourceType", "colour"), ("resourceId", "$(id)"), ("runningProcessServerId", "other")):
        reply = await site.ask("superadmin", "PUT", path, {field: value})
        assert (reply.status, reply.body["code"], reply.body["fieldName"]) == (422, "InvalidState", field)
    shown = (await site.ask("superadmin", "GET", path)).body
    reply = await site.ask("superadmin", "PUT", path, shown)
    assert (reply.status, reply.body) == (200, shown)
    reply = await site.ask("superadmin", "POST", "labels", {"type": "hostLabel", "key": "a", "value": "b"})
    assert (reply.status, reply.body["type"]) == (201, "hostLabel")  # a field of labels in v1
