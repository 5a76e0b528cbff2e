# SPDX-License-Identifier: Apache-2.0
"""What subscribers hear, and what they do not."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
import websockets

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_ping_comes_first_and_changes_with_the_whole_resource(server):
    async with server.listen() as listener:
        first = await listener.event()
        assert first["name"] == "ping"
        assert first["cursor"].isdecimal()
        stack = await server.stack("shown")
        event = await listener.named("resource.change")
        assert {"id", "name", "time", "resourceType", "resourceId", "data", "cursor"} == set(event)
        assert (event["resourceType"], event["resourceId"]) == ("environment", stack["id"])
        shown = await listener.change(stack["id"], state="active")
        assert shown == await server.get(f"environments/{stack['id']}")


async def test_repeats_within_a_second_go_out_together(server):
    stack = await server.stack("often")
    async with server.listen() as listener:
        await listener.event()
        for number in range(20):
            await server.call("PUT", f"environments/{stack['id']}", {"description": f"change {number}"})
        heard = []
        while not heard or heard[-1] != "change 19":
            heard.append((await listener.change(stack["id"]))["description"])
        assert len(heard) <= 4


async def test_a_removed_resource_is_told_of_once(server):
    stack = await server.stack("leaves")
    async with server.listen() as listener:
        await server.call("DELETE", f"environments/{stack['id']}")
        assert (await listener.change(stack["id"], state="removed"))["removed"]


async def test_names_filter_and_wildcards_match(server):
    async with (
        server.listen(query="eventNames=ping") as pings,
        server.listen(query="eventNames=resource.*") as everything,
    ):
        await pings.event()
        stack = await server.stack("filtered")
        await everything.change(stack["id"])
        assert (await pings.event())["name"] == "ping"


async def test_included_links_come_along(server):
    async with server.listen(query="eventNames=resource.change&include=services") as listener:
        stack = await server.stack("with-services")
        assert (await listener.change(stack["id"]))["services"] == []


async def test_actions_stand_beside_the_resource_where_that_is_asked_for(server):
    async with server.listen(query="eventNames=resource.change&_actionLinks=true") as listener:
        stack = await server.stack("with-action-links")
        told: dict = {}
        while told.get("resource", {}).get("id") != stack["id"] or told["resource"]["state"] != "active":
            told = (await listener.named("resource.change"))["data"]
        shown = await server.get(f"environments/{stack['id']}")
        assert told.keys() == {"actionLinks", "resource"}
        assert told["actionLinks"] == shown.pop("actions")
        # Its health may have changed since.
        assert told["resource"].keys() == shown.keys()


@pytest.mark.parametrize("query", ["eventNames=a%20b", "eventNames=", "resume=x", "resume=-1", f"resume={'9' * 30}"])
async def test_bad_parameters_are_refused(server, query):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.listen(query=query):
            pass
    assert refused.value.response.status_code == 422


async def test_the_administrator_listens_in_projects_only(server):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.listen("/v1"):
            pass
    assert refused.value.response.status_code == 404


async def test_wrong_keys_hear_nothing(server):
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with server.listen(auth=("nobody", "nothing")):
            pass
    assert refused.value.response.status_code == 401


async def test_projects_do_not_hear_each_other(server):
    other = await server.post("/v2/projects", {"name": "neighbours"})
    path = f"/v2/projects/{other['id']}"
    await server.until(path, lambda shown: shown["state"] == "active")
    async with server.listen(path) as there, server.listen() as here:
        mine = await server.stack("mine")
        await here.change(mine["id"], state="active")
        theirs = await server.stack("theirs", path)
        event = await there.named("resource.change")
        while event["resourceId"] != theirs["id"]:
            assert event["resourceId"] != mine["id"]
            event = await there.named("resource.change")


async def test_plain_http_gives_a_line_per_event(server):
    url = f"{server.url}{server.project}/subscribe"
    async with asyncio.timeout(20), server.http.stream("POST", url, json={"eventNames": ["resource.change"]}) as answer:
        assert answer.status_code == 200
        lines = answer.aiter_lines()
        assert json.loads(await anext(lines))["name"] == "ping"
        stack = await server.stack("in-lines")
        async for line in lines:
            if json.loads(line).get("resourceId") == stack["id"]:
                break


async def test_a_key_that_is_deactivated_is_logged_out_within_a_second(server):
    made = await server.post("apikeys")
    path = f"apikeys/{made['id']}"
    await server.until(path, lambda shown: shown["state"] == "active")
    async with server.listen("/v2", (made["publicValue"], made["secretValue"])) as listener:
        assert (await listener.event())["name"] == "ping"
        async with asyncio.timeout(5):
            await server.post(f"{path}?action=deactivate", status=202)
            names, code = await listener.end()
        assert names[-1] == "logout"
        assert code == 1008


async def test_plain_http_needs_keys_too(server):
    auth = httpx.BasicAuth("nobody", "nothing")
    answer = await server.http.post(f"{server.url}/v2/subscribe", json={"eventNames": ["ping"]}, auth=auth)
    assert answer.status_code == 401
