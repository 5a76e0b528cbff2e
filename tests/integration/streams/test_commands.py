# SPDX-License-Identifier: Apache-2.0
"""Commands in real containers, through a real server."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
import websockets
from viewers import WAIT, Site, output

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDLE = "exec sleep 1000"


async def test_input_output_and_status(site: Site) -> None:
    container = await site.container(IDLE)
    access = await site.access(
        container["actions"]["execute"], {"command": ["sh", "-c", "read x; echo got $x; exit 7"]}
    )
    async with site.open(access) as viewer:
        await viewer.type("grüße\n".encode())
        frames, code, reason = await viewer.rest()
    assert "got grüße\r\n".encode() in output(frames)
    assert (code, reason) == (1000, "exit 7")


async def test_the_terminal_has_the_viewers_size(site: Site) -> None:
    container = await site.container(IDLE)
    access = await site.access(container["actions"]["execute"], {"command": ["sh", "-c", "read x; stty size"]})
    async with site.open(access) as viewer:
        await viewer.socket.send(json.dumps({"width": 123, "height": 45}))
        await viewer.type(b"\n")
        frames, _, _ = await viewer.rest()
    assert b"45 123" in output(frames)


async def test_without_a_terminal_the_input_ends(site: Site) -> None:
    container = await site.container(IDLE)
    body = {"command": ["sh", "-c", "wc -c; echo done >&2"], "tty": False}
    async with site.open(await site.access(container["actions"]["execute"], body)) as viewer:
        await viewer.type(b"12345")
        await viewer.socket.send(json.dumps({"eof": True}))
        frames, _, reason = await viewer.rest()
    assert sorted(output(frames).split()) == [b"5", b"done"]
    assert reason == "exit 0"


async def test_a_character_is_never_cut(site: Site) -> None:
    container = await site.container(IDLE)
    script = r"printf '\303'; sleep 0.2; printf '\274\n'"
    access = await site.access(container["actions"]["execute"], {"command": ["sh", "-c", script]})
    async with site.open(access) as viewer:
        frames, _, _ = await viewer.rest()
    assert "".join(output([frame]).decode() for frame in frames) == "ü\r\n"


async def test_a_viewer_that_leaves_ends_the_input(site: Site) -> None:
    container = await site.container(IDLE)
    docker = site.made[-1]
    body = {"command": ["sh", "-c", "cat > /dev/null; touch /tmp/left"]}
    async with site.open(await site.access(container["actions"]["execute"], body)):
        pass
    async with asyncio.timeout(WAIT):
        while (await asyncio.to_thread(docker.exec_run, ["test", "-e", "/tmp/left"])).exit_code:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_command_that_is_none_ends_with_its_status(site: Site) -> None:
    container = await site.container(IDLE)
    access = await site.access(container["actions"]["execute"], {"command": ["/no/such/program"]})
    async with site.open(access) as viewer:
        frames, code, reason = await viewer.rest()
    assert b"no such file" in output(frames)
    assert (code, reason) in ((1000, "exit 126"), (1000, "exit 127"))  # engines differ


async def test_input_that_is_no_base64_ends_the_stream_with_the_reason(site: Site) -> None:
    container = await site.container(IDLE)
    for bad, reason in (("!!", "the input is not base64"), ("{", "the message is not a valid one")):
        access = await site.access(container["actions"]["execute"], {"command": ["cat"]})
        async with site.open(access) as viewer:
            await viewer.socket.send(bad)
            assert (await viewer.rest())[1:] == (1011, reason)


async def test_a_long_command_fits_and_a_longer_one_is_refused(site: Site) -> None:
    container = await site.container(IDLE)
    word = "x" * 16_000
    access = await site.access(container["actions"]["execute"], {"command": ["printf", "%s", word], "tty": False})
    async with site.open(access) as viewer:
        assert output((await viewer.rest())[0]) == word.encode()
    for command, status in ((["x" * 20_000], 422), ([], 422)):
        path = site.path(container["actions"]["execute"])
        assert (await site.server.call("POST", path, {"command": command})).status_code == status


def resident(pid: int) -> int:
    """Bytes of a process's memory."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * 4096


async def test_a_viewer_that_does_not_read_holds_up_its_command_alone(site: Site) -> None:
    container = await site.container(IDLE)
    docker = site.made[-1]
    size = 60_000_000
    body = {"command": ["sh", "-c", f"head -c {size} /dev/zero; touch /tmp/all"], "tty": False}
    assert site.server.process is not None
    access = await site.access(container["actions"]["execute"], body)
    before = resident(site.server.process.pid), resident(os.getpid())
    async with site.open(access) as slow:
        for _ in range(20):
            other = await site.access(container["actions"]["execute"], {"command": ["echo", "quick"]})
            async with site.open(other) as viewer:
                assert output((await viewer.rest())[0]) == b"quick\r\n"
        assert (await asyncio.to_thread(docker.exec_run, ["test", "-e", "/tmp/all"])).exit_code == 1
        after = resident(site.server.process.pid), resident(os.getpid())
        assert max(now - then for then, now in zip(before, after, strict=True)) < size / 3
        read = 0
        try:
            while True:
                read += len(output([await slow.frame()]))
        except websockets.ConnectionClosed as end:
            assert end.rcvd is not None
            assert end.rcvd.reason == "exit 0"
    assert read == size
