# SPDX-License-Identifier: Apache-2.0
"""What a host that was cut off or has just booted may run."""

import asyncio

import pytest

from orca.agent import lease as leases
from orca.agent.errors import CommandFailed
from orca.agent.lease import ASK_SECONDS, BOOT_SECONDS, LEASE_SECONDS, MOVE_SECONDS, Lease


class Clock:
    """A time that only the test moves; what waits for it wakes when it has come."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(leases.time, "monotonic", made.monotonic)
    return made


@pytest.fixture
def company():
    """Whether most hosts can be reached, and how often the agent dialled again."""
    return {"most": False, "redialled": 0}


@pytest.fixture
async def lease(clock, company):
    def redial():
        company["redialled"] += 1

    return Lease(lambda seconds: company["most"], redial)


async def starts(lease, *, fenced: bool = False) -> bool:
    """True if a container may start now, without waiting."""
    task = asyncio.create_task(lease.may_start(lambda: fenced))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return not task.cancelled()


async def test_after_its_start_a_host_asks_and_then_goes_on_without_what_is_fenced(lease, clock):
    assert not await starts(lease)
    clock.now += ASK_SECONDS + 0.1
    assert await starts(lease)
    assert not await starts(lease, fenced=True)
    lease.told()
    assert await starts(lease, fenced=True)


async def test_a_short_silence_changes_nothing_and_a_long_one_asks_again(lease, clock):
    lease.told()
    lease.cut()
    clock.now += MOVE_SECONDS - 0.1
    assert await starts(lease)
    clock.now += 0.2
    assert not await starts(lease)
    clock.now += ASK_SECONDS + 0.1
    assert await starts(lease)
    # A frame alone tells nothing about what moved.
    lease.heard()
    assert not await starts(lease, fenced=True)
    lease.told()
    assert await starts(lease, fenced=True)


async def test_while_only_the_server_is_away_everything_starts_at_once(lease, clock, company):
    company["most"] = True
    lease.told()
    lease.cut()
    clock.now += 600
    assert await starts(lease, fenced=True)


async def test_a_wait_ends_as_soon_as_the_epoch_is_told(lease):
    waiting = asyncio.create_task(lease.may_start(lambda: True))
    await asyncio.sleep(0)
    lease.told()
    async with asyncio.timeout(20):
        await waiting


@pytest.mark.parametrize("most", [True, False])
def test_the_lease_lasts_as_long_as_the_server_or_most_hosts_can_be_reached(clock, company, most):
    company["most"] = most
    lease = Lease(lambda seconds: company["most"], lambda: None)
    clock.now += BOOT_SECONDS + 0.1
    assert lease.has_ended() is not most
    lease.told()
    clock.now += LEASE_SECONDS - 0.1
    assert not lease.has_ended()
    lease.heard()
    clock.now += 0.2
    assert not lease.has_ended()
    clock.now += LEASE_SECONDS
    assert lease.has_ended() is not most


async def test_what_is_fenced_is_suspended_once_and_tried_again_if_it_does_not_stop(lease, clock, monkeypatch):
    monkeypatch.setattr(leases, "TICK_SECONDS", 0)
    lease.told()
    asked = []
    twice = asyncio.Event()

    async def suspend(uuid):
        asked.append(uuid)
        if len(asked) == 1:
            raise CommandFailed("busy")
        twice.set()

    clock.now += LEASE_SECONDS + 0.1
    guard = asyncio.create_task(lease.guard(lambda: ["db"], suspend))
    async with asyncio.timeout(20):
        await twice.wait()
    for _ in range(10):
        await asyncio.sleep(0)
    guard.cancel()
    assert asked == ["db", "db"]
    assert not await starts(lease, fenced=True)


async def test_a_host_that_stood_still_asks_what_moved(lease, clock, company, monkeypatch):
    lease.told()
    real = asyncio.sleep
    paused = asyncio.Event()

    async def sleep(seconds):
        if seconds == leases.TICK_SECONDS:
            clock.now += MOVE_SECONDS + 2 * leases.TICK_SECONDS
            paused.set()
        await real(0)

    monkeypatch.setattr(leases.asyncio, "sleep", sleep)
    guard = asyncio.create_task(lease.guard(list, None))
    async with asyncio.timeout(20):
        await paused.wait()
        while not company["redialled"]:
            await real(0)
    guard.cancel()
    assert company["redialled"] == 1
    assert not lease._told.is_set()
