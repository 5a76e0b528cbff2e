# SPDX-License-Identifier: Apache-2.0
"""No host that lives is found dead, and every dead one is, whatever the network and the other hosts do.

`ORCA_TRIALS=a..b` runs other seeds than the few of every day (`script/test sim`).
"""

from __future__ import annotations

import asyncio
import os

import pytest
from virtualhosts import Host, VirtualLoop, World

from orca.agent import mesh
from orca.provision.hosts import doubts

FIRST, LAST = (int(text) for text in os.environ.get("ORCA_TRIALS", "0..25").split(".."))
SECONDS = 60.0
FOUND_SECONDS = 18.0
"""A dead host is found by then, also over a slow path that loses a third of all packets."""
STILL_SECONDS = 4.9
"""A host that stands still for longer may count as dead."""


@pytest.fixture
def loop(monkeypatch):
    made = VirtualLoop()
    monkeypatch.setattr(mesh.time, "monotonic", made.time)
    monkeypatch.setattr(doubts, "_try", _nobody)
    yield made
    made.close()


async def _nobody(address: str | None) -> bool:
    return False


async def trouble(world: World) -> None:
    """What goes wrong in a minute: hosts and agents stand still, links and connections end, everything stops."""
    for _ in range(world.random.randint(4, 12)):
        await asyncio.sleep(world.random.uniform(0, 8))
        host: Host = world.random.choice(list(world.hosts.values()))
        match world.random.randrange(5):
            case 0:
                host.still_until = world.now + world.random.uniform(0.5, STILL_SECONDS)
                await asyncio.sleep(STILL_SECONDS + 8)  # one after the other: two pauses in a row are a longer one
            case 1:
                host.agent_still_until = world.now + world.random.uniform(1, 60)
            case 2:
                host.link_cut_until = world.now + world.random.uniform(1, 60)
            case 3:
                world.hang_up(host)
            case 4:
                world.loop.jump(world.random.uniform(1, 60))


async def trial(world: World, *, dies: bool) -> None:
    world.grow(world.random.randint(3, 6))
    await asyncio.sleep(5)
    if not dies:
        with_trouble = asyncio.create_task(trouble(world))
        await asyncio.sleep(SECONDS)
        with_trouble.cancel()
        assert [each for each in world.found if each[2] == "dead"] == []
    else:
        victim = world.random.choice(list(world.hosts.values()))
        began = victim.dead_since = world.now
        if world.random.random() < 0.5:
            world.hang_up(victim)
        while not any(said == "dead" for _, _, said in world.found):
            await asyncio.sleep(0.1)
            assert world.now - began < FOUND_SECONDS, "a dead host is not found"
        await asyncio.sleep(20)
        assert {(uuid, said) for _, uuid, said in world.found if said == "dead"} == {(victim.uuid, "dead")}


@pytest.mark.parametrize("dies", [False, True])
def test_trials(loop, dies):
    for seed in range(FIRST, LAST):
        world = World(loop, seed)
        try:
            loop.run_until_complete(trial(world, dies=dies))
        except BaseException as error:
            error.add_note(f"seed {seed}: loss {world.loss}, delay {world.slowness} s, found {world.found}")
            raise
        finally:
            loop.run_until_complete(world.end())
