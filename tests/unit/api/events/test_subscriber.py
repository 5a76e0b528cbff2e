# SPDX-License-Identifier: Apache-2.0
"""A subscriber's queue and names."""

import asyncio
from types import SimpleNamespace

import pytest

from orca.api.events import subscriber as module
from orca.api.events.subscriber import CHANGED, EXPIRED, LOGGED_OUT, Subscriber
from orca.api.events.wanted import Wanted
from orca.resources.errors import Refused


def caller(**changed):
    row = SimpleNamespace(id=5)
    return SimpleNamespace(**{"role": "owner", "account": row, "user": row, "agent_id": None} | changed)


def make(authorize=None):
    return Subscriber(None, caller(), None, Wanted((), None), authorize)


async def test_frames_come_in_order_after_a_ping_and_move_the_cursor():
    own, sent = make(), []
    own.cursor = 3
    got = asyncio.Event()

    async def send(text):
        sent.append(text)
        if text == "second":
            got.set()

    task = asyncio.create_task(own.send_all(send, lambda: own.cursor))
    own.offer("first", 4)
    own.offer("second", 6)
    async with asyncio.timeout(5):
        await got.wait()
        own.end(LOGGED_OUT)
        await task
    assert '"ping"' in sent[0]
    assert '"cursor":"3"' in sent[0]
    assert sent[1:] == ["first", "second"]
    assert own.cursor == 6


async def test_a_ping_does_not_count_what_is_offered_at_its_moment_as_told(monkeypatch):
    monkeypatch.setattr(module, "PING_INTERVAL", 0)
    own, sent, position = make(), [], 3

    def hand_out():
        nonlocal position
        own.offer("frame", 4)
        position = 4

    async def send(text):
        sent.append(text)
        if len(sent) == 1:
            asyncio.get_running_loop().call_soon(hand_out)
        elif text == "frame":
            own.end(LOGGED_OUT)

    async with asyncio.timeout(5):
        await own.send_all(send, lambda: position)
    assert not [text for text in sent[: sent.index("frame")] if '"cursor":"4"' in text]


@pytest.mark.parametrize(("text", "count"), [("x", module.QUEUE_FRAMES), ("x" * 100_000, 10)])
async def test_a_client_that_does_not_read_holds_no_more_than_its_queue(text, count):
    own = make()
    for number in range(count):
        own.offer(text, number)
    assert own.ending is None
    own.offer(text, count)
    assert own.ending is EXPIRED
    assert not own._queue
    own.offer(text, count + 1)
    assert not own._queue


async def test_a_stuck_send_ends_after_its_grace(monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.01)
    own = make()
    stuck = asyncio.create_task(own.send_all(lambda text: asyncio.Event().wait(), lambda: 0))
    own.end(EXPIRED)
    async with asyncio.timeout(5):
        await own.ended()
    assert not stuck.done()
    stuck.cancel()


async def test_who_may_no_longer_listen_is_logged_out():
    async def refuse():
        raise Refused("Unauthorized", status=401)

    async def lowered():
        return caller(role="readonly")

    async def same():
        return caller()

    for authorize, ending in ((refuse, LOGGED_OUT), (lowered, CHANGED), (same, None)):
        own = make(authorize)
        await own.recheck()
        assert own.ending is ending


@pytest.mark.parametrize(
    ("names", "account", "name", "wanted"),
    [
        ((), None, "resource.change", True),
        ((), None, "instance.start;handler=a", False),
        (("resource.*",), "1a5", "resource.change", True),
        (("resource.change;account=1a5",), "1a5", "resource.change", True),
        (("resource.change;account=1a6",), "1a5", "resource.change", False),
        (("*;handler=a",), None, "instance.start;handler=a", True),
        (("*;handler=a",), None, "instance.start;handler=ab", False),
        (("ping",), None, "resource.change", False),
    ],
)
def test_names(names, account, name, wanted):
    assert Wanted(names, account)(name) is wanted
