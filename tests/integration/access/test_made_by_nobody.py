# SPDX-License-Identifier: Apache-2.0
"""What can be asked for, but made by nobody here: tokens for a proxy on hosts, which v1 had, and what is no row."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orca.resources import rows

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import Site, opened

from orca.store import Tx


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


async def test_there_is_no_proxy_to_have_a_token_for(site: Site) -> None:
    def own_host(tx: Tx) -> str:
        agent = tx.first(rows.Agent, accountId=site.people["agent"].account)
        assert agent is not None
        return str(tx.insert(rows.Host, accountId=1, agentId=agent.id, state="active").uuid)

    for reported in ({}, {"reportedUuid": "a stranger's"}):
        reply = await site.ask("agent", "POST", "hostapiproxytokens", reported)
        assert (reply.status, reply.body["code"], reply.body["fieldName"]) == (422, "InvalidReference", "reportedUuid")
    own = {"reportedUuid": await site.core.db.write(own_host)}
    reply = await site.ask("agent", "POST", "hostapiproxytokens", own)
    assert (reply.status, reply.body["code"]) == (501, "HostApiProxyDisabled")


async def test_what_is_no_row_and_made_by_nobody_is_not_implemented(site: Site) -> None:
    for path in ("identities", "extensionpoints", "processdefinitions", "resourcedefinitions"):
        reply = await site.ask("superadmin", "POST", path, {})
        assert (path, reply.status) == (path, 501)
