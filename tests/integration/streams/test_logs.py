# SPDX-License-Identifier: Apache-2.0
"""Logs of real containers, through a real server."""

from __future__ import annotations

import asyncio

import pytest
from viewers import Site

from orca.wire import nanoseconds

pytestmark = pytest.mark.asyncio(loop_scope="module")

GO = "while [ ! -e /tmp/go ]; do sleep 0.05; done"


def texts(frames: list[str]) -> list[str]:
    return [frame.split(" ", 2)[2] for frame in frames]


def mark(frames: list[str]) -> dict[str, str]:
    """What a viewer remembers of what it has."""
    stems = [" ".join(frame.split(" ", 2)[:2]) for frame in frames]
    return {"since": stems[-1], "skip": str(stems.count(stems[-1]))}


async def test_the_last_lines_then_new_ones(site: Site) -> None:
    container = await site.container("for i in 1 2 3 4 5; do echo line $i; done; " + GO + "; echo more")
    docker = site.made[-1]
    access = await site.access(container["actions"]["logs"], {"lines": 2})
    async with site.open(access) as viewer:
        first = await viewer.frames(2)
        await asyncio.to_thread(docker.exec_run, ["touch", "/tmp/go"])
        rest, code, _ = await viewer.rest()
    assert texts(first + rest) == ["line 4", "line 5", "more"]
    assert all(frame.startswith("01 ") and nanoseconds(frame.split()[1]) for frame in first + rest)
    assert code == 1000


async def test_without_follow_it_ends(site: Site) -> None:
    container = await site.container("echo out; echo err >&2; exec sleep 1000")
    access = await site.access(container["actions"]["logs"], {"follow": False, "lines": None})
    while True:  # the two lines come from two pipes
        async with site.open(access) as viewer:
            frames, code, _ = await viewer.rest()
        if len(frames) == 2:
            break
    assert sorted(f"{frame[:2]} {frame.split(' ', 2)[2]}" for frame in frames) == ["01 out", "02 err"]
    assert code == 1000


async def test_a_driver_that_keeps_no_log_says_so(site: Site) -> None:
    container = await site.container("echo out; exec sleep 1000", log_config={"Type": "none"})
    async with site.open(await site.access(container["actions"]["logs"], {})) as viewer:
        frames, code, reason = await viewer.rest()
    assert (frames, code) == ([], 1011)
    assert "log driver none keeps nothing to read here; json-file and local do" in reason


async def test_a_terminal_has_one_kind_of_lines(site: Site) -> None:
    container = await site.container("echo out; echo err >&2; exec sleep 1000", tty=True)
    async with site.open(await site.access(container["actions"]["logs"], {})) as viewer:
        frames = await viewer.frames(2)
    assert [f"{frame[:2]} {frame.split(' ', 2)[2]}" for frame in frames] == ["00 out", "00 err"]


@pytest.mark.parametrize("tty", [False, True])
async def test_a_long_line_is_one_frame(site: Site, tty: bool) -> None:
    container = await site.container("printf '%050000d\\n' 7; echo next; exec sleep 1000", tty=tty)
    async with site.open(await site.access(container["actions"]["logs"], {})) as viewer:
        frames = await viewer.frames(2)
    assert texts(frames) == ["7".zfill(50_000), "next"]


async def test_only_new_lines(site: Site) -> None:
    container = await site.container("echo old; " + GO + "; echo new; exec sleep 1000")
    docker = site.made[-1]
    async with site.open(await site.access(container["actions"]["logs"], {})) as viewer:
        await viewer.frame()  # the old line is there
    async with site.open(await site.access(container["actions"]["logs"], {"lines": 0})) as viewer:
        await asyncio.to_thread(docker.exec_run, ["touch", "/tmp/go"])
        assert texts([await viewer.frame()]) == ["new"]


CHATTY = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo out $i; echo err $i >&2; done; exec sleep 1000"


async def test_a_log_that_is_cut_everywhere_is_whole(site: Site) -> None:
    container = await site.container(CHATTY)
    whole: list[str] = []
    async with site.open(await site.access(container["actions"]["logs"], {"lines": None})) as viewer:
        whole += await viewer.frames(7)
    for length in (1, 2, 700, 3, 1500, 1):
        access = await site.access(container["actions"]["logs"], {"lines": 5})
        async with site.open(access, **mark(whole)) as viewer:
            whole += await viewer.frames(length)
    access = await site.access(container["actions"]["logs"], {})
    async with site.open(access, **mark(whole)) as viewer:
        whole += await viewer.frames(6000 - len(whole))
    for kind in ("out", "err"):
        assert [text for text in texts(whole) if text.startswith(kind)] == [f"{kind} {i}" for i in range(1, 3001)]


async def test_a_log_goes_on_after_the_agent_was_away(site: Site) -> None:
    container = await site.container("i=0; while true; do i=$((i+1)); echo $i; sleep 0.02; done")
    async with site.open(await site.access(container["actions"]["logs"], {"lines": None})) as viewer:
        frames = await viewer.frames(5)
        await site.agent.disconnect()
        rest, code, _ = await viewer.rest()
    assert code == 1013
    frames += rest
    await site.until_agent("reconnecting")
    await site.reconnect()
    access = await site.access(container["actions"]["logs"], {})
    async with site.open(access, **mark(frames)) as viewer:
        frames += await viewer.frames(20)
    assert texts(frames) == [str(i + 1) for i in range(len(frames))]


async def test_a_mark_that_the_engine_forgot_gives_what_is_younger(site: Site) -> None:
    container = await site.container("echo a; sleep 0.01; echo b; exec sleep 1000")
    async with site.open(await site.access(container["actions"]["logs"], {})) as viewer:
        first, _ = await viewer.frames(2)
    kind, timestamp, _ = first.split(" ", 2)
    between = f"{timestamp[:-2]}{'1' if timestamp[-2] == '0' else '0'}Z"  # a line that never was, a moment away
    access = await site.access(container["actions"]["logs"], {})
    async with site.open(access, since=f"{kind} {between}") as viewer:
        assert texts(await viewer.frames(1)) in (["a"], ["b"])


async def test_since_an_instant(site: Site) -> None:
    container = await site.container("echo a; sleep 0.01; echo b; exec sleep 1000")
    async with site.open(await site.access(container["actions"]["logs"], {})) as viewer:
        _, second = await viewer.frames(2)
    access = await site.access(container["actions"]["logs"], {"lines": 0})
    async with site.open(access, since=second.split()[1]) as viewer:
        assert await viewer.frame() == second


@pytest.mark.parametrize(
    "query",
    [{"since": "yesterday"}, {"since": "03 2026-01-01T00:00:00Z"}, {"since": "01 2026-01-01T00:00:00Z", "skip": "0"}],
)
async def test_a_mark_that_is_none_is_refused(site: Site, query: dict[str, str]) -> None:
    container = await site.container("exec sleep 1000")
    assert await site.refusal(await site.access(container["actions"]["logs"], {}), **query) == 422
