# SPDX-License-Identifier: Apache-2.0
"""A client that was cut off, at any place, loses nothing."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_changed_meanwhile_comes_with_its_latest_state(server):
    kept, gone = await server.stack("kept"), await server.stack("gone")
    async with server.listen() as listener:
        await listener.event()
    for number in range(3):
        await server.call("PUT", f"environments/{kept['id']}", {"description": f"{number}"})
    await server.call("DELETE", f"environments/{gone['id']}")
    await server.until(f"environments/{gone['id']}", lambda shown: shown["state"] == "removed")
    async with server.listen(query=f"eventNames=resource.change&resume={listener.cursor}") as again:
        missed: dict[str, list[dict[str, Any]]] = {kept["id"]: [], gone["id"]: []}
        cursors = []
        while not all(missed.values()):
            event = await again.named("resource.change")
            cursors.append(int(event["cursor"]))
            missed.setdefault(event["resourceId"], []).append(event["data"]["resource"])
    assert {shown["description"] for shown in missed[kept["id"]]} == {"2"}
    assert {shown["state"] for shown in missed[gone["id"]]} == {"removed"}
    assert cursors == sorted(cursors)


async def test_a_cursor_that_nobody_gave_is_expired(server):
    async with server.listen(query="resume=99999999999") as listener:
        names, code = await listener.end()
        assert (names[-1], code) == ("resume.expired", 1013)


async def test_what_was_handed_out_while_something_else_was_held_back_is_not_lost(server):
    """A second change of a resource within a second is held back to its end, and with it the cursors of all others."""
    busy, quiet = await server.stack("busy"), await server.stack("quiet")
    async with server.listen() as witness:
        await witness.event()
        for number in range(3):
            before = witness.cursor
            for text in (f"{number} sent", f"{number} held"):
                await server.call("PUT", f"environments/{busy['id']}", {"description": text})
            await server.call("PUT", f"environments/{quiet['id']}", {"description": f"{number}"})
            await witness.change(quiet["id"], description=f"{number}")
            async with server.listen(query=f"eventNames=resource.change&resume={before}") as again:
                await again.change(quiet["id"], description=f"{number}")


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_of_cuts_and_changes_loses_nothing(server, seed):
    """A mirror kept by events alone, cut at random, is in the end what the server has."""
    choose = random.Random(seed)
    stacks = [await server.stack(f"mirror-{seed}-{number}") for number in range(6)]
    wanted: dict[str, str] = {}
    mirror: dict[str, str] = {}
    done = asyncio.Event()

    async def change() -> None:
        for number in range(120):
            stack = choose.choice(stacks)["id"]
            wanted[stack] = f"{number}"
            answer = await server.call("PUT", f"environments/{stack}", {"description": f"{number}"})
            assert answer.status_code == 200
            await asyncio.sleep(choose.choice((0, 0, 0.01, 0.05)))
        for stack in stacks[:2]:
            wanted[stack["id"]] = "removed"
            await server.call("DELETE", f"environments/{stack['id']}")
        done.set()

    async def listen() -> None:
        cursor = None
        while not done.is_set() or mirror != wanted:
            query = "eventNames=resource.change" + (f"&resume={cursor}" if cursor else "")
            async with server.listen(query=query) as listener:
                for _ in range(choose.randint(1, 12)):
                    event = await listener.event()
                    cursor = event["cursor"]
                    if event["name"] == "resource.change" and event["resourceId"] in wanted:
                        shown = event["data"]["resource"]
                        state = shown["state"]
                        mirror[shown["id"]] = state if state == "removed" else shown["description"]
                    if done.is_set() and mirror == wanted:
                        return

    async with asyncio.timeout(300):
        first = asyncio.create_task(listen())
        while not first.done() and not mirror:
            if not wanted:
                changing = asyncio.create_task(change())
            await asyncio.sleep(0.01)
        await asyncio.gather(first, changing)
    assert mirror == wanted
