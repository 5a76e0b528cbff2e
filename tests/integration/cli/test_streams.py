# SPDX-License-Identifier: Apache-2.0
"""`orca logs`, `exec` and `events`: what comes through, in what order, and with which status they end."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import pty
import struct
import termios
from typing import Any

import pytest

from .conftest import LIMIT, PROGRAM, Orca, started

pytestmark = pytest.mark.asyncio(loop_scope="module")

IDLE = "exec sleep 1000"
COUNTING = "i=0; while true; do i=$((i+1)); echo $i; sleep 0.05; done"


async def line(stream: asyncio.StreamReader) -> str:
    async with asyncio.timeout(LIMIT):
        return (await stream.readline()).decode().rstrip("\n")


async def until_line(stream: asyncio.StreamReader, wanted: str) -> list[str]:
    found = []
    while not found or found[-1] != wanted:
        found.append(await line(stream))
        assert found[-1], f"the output ended after {found}"
    return found


async def test_a_log_comes_with_both_streams_and_ends(site: Any, orca: Orca) -> None:
    container = await site.container("echo out; echo err >&2; exec sleep 1000")
    async with asyncio.timeout(LIMIT):
        while (answer := await orca("logs", container["name"])) != (0, "out\n", "err\n"):
            assert answer[0] == 0, answer


async def test_a_followed_log_misses_nothing_over_a_cut(site: Any, env: dict[str, str]) -> None:
    container = await site.container(COUNTING)
    process = await started(env, "logs", "-f", "-n", "all", container["id"])
    assert process.stdout is not None
    assert process.stderr is not None
    seen = await until_line(process.stdout, "20")
    await site.agent.disconnect()
    assert "trying to go on" in await line(process.stderr)
    await site.reconnect()
    seen += await until_line(process.stdout, str(int(seen[-1]) + 100))
    process.kill()
    await process.wait()
    assert seen == [str(number) for number in range(1, len(seen) + 1)]


async def test_the_status_of_a_command_is_ours(site: Any, orca: Orca) -> None:
    container = await site.container(IDLE)
    assert await orca("exec", container["name"], "sh", "-c", "echo hi; exit 7") == (7, "hi\n", "")
    assert await orca("exec", "-i", container["name"], "wc", "-c", stdin=b"12345") == (0, "5\n", "")
    code, out, err = await orca("exec", "nowhere", "true")
    assert (code, out) == (125, "")
    assert "there is no container nowhere" in err


async def test_two_hyphens_end_our_options_and_are_no_part_of_the_command(site: Any, orca: Orca) -> None:
    container = await site.container(IDLE)
    assert await orca("exec", container["name"], "--", "echo", "-n", "--") == (0, "--", "")
    assert (await orca("exec", container["name"], "--"))[0] == 2


async def left_by_its_reader(env: dict[str, str], *arguments: str) -> tuple[str, int | None]:
    """The first line of `orca ARGUMENTS... | head -1`, and the status; the reader goes after the line."""
    reading, writing = os.pipe()
    process = await asyncio.create_subprocess_exec(*PROGRAM, *arguments, stdout=writing, env=env)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        first = await asyncio.to_thread(pipe.readline)
    async with asyncio.timeout(LIMIT):
        await process.wait()
    return first, process.returncode


async def test_a_command_whose_reader_leaves_ends(site: Any, env: dict[str, str]) -> None:
    container = await site.container(IDLE)
    quiet = await left_by_its_reader(env, "exec", container["name"], "sh", "-c", "echo 1; exec sleep 1000")
    assert quiet == ("1\n", 0)


async def test_a_quiet_log_whose_reader_leaves_ends(site: Any, env: dict[str, str]) -> None:
    container = await site.container("echo once; exec sleep 1000")
    assert await left_by_its_reader(env, "logs", "-f", container["name"]) == ("once\n", 0)


async def test_a_followed_log_goes_on_when_its_container_starts_again(site: Any, env: dict[str, str]) -> None:
    container = await site.container("echo began; trap 'exit 3' TERM; while true; do sleep 0.1; done")
    process = await started(env, "logs", "-f", container["name"])
    assert process.stdout is not None
    assert await line(process.stdout) == "began"
    report = site.host.containers[container["externalId"]]
    await asyncio.to_thread(site.made[-1].restart)
    site.agent.end(report)
    site.agent.start_by_hand(report)
    assert await line(process.stdout) == "began"
    process.kill()
    await process.wait()


class Terminal:
    """A terminal with `orca ARGUMENTS...` in it."""

    def __init__(self, env: dict[str, str], *arguments: str) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            with contextlib.suppress(OSError):
                os.execve(PROGRAM[0], [*PROGRAM, *arguments], env)
            os._exit(99)

    def size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self.descriptor, keys)

    async def until(self, wanted: bytes) -> bytes:
        """What is shown up to a text."""
        shown = b""
        async with asyncio.timeout(LIMIT):
            while wanted not in shown:
                shown += await asyncio.to_thread(os.read, self.descriptor, 4096)
        return shown

    async def status(self) -> int:
        with contextlib.suppress(OSError):
            while await asyncio.to_thread(os.read, self.descriptor, 4096):
                pass
        _, status = await asyncio.to_thread(os.waitpid, self.pid, 0)
        os.close(self.descriptor)
        return os.waitstatus_to_exitcode(status)


async def test_a_shell_in_a_terminal(site: Any, env: dict[str, str]) -> None:
    container = await site.container(IDLE)
    terminal = Terminal(env, "exec", "-it", container["name"], "sh")
    terminal.size(111, 40)
    await terminal.until(b"# ")
    terminal.type(b"stty size\r")
    await terminal.until(b"40 111")
    terminal.type(b"until stty size | grep '50 9''9'; do :; done\r")
    terminal.size(99, 50)
    await terminal.until(b"50 99")
    terminal.type(b"sleep 1000\r")
    await terminal.until(b"sleep 1000")
    terminal.type(b"\x03")
    await terminal.until(b"# ")  # what is typed before an interrupt is dropped by the terminal
    terminal.type(b"echo after $((40+2))\r")
    await terminal.until(b"after 42")
    terminal.type(b"exit 9\r")
    assert await terminal.status() == 9


async def test_events_go_on_after_a_restart_of_the_server(site: Any, env: dict[str, str]) -> None:
    process = await started(env, "events", "-o", "json", "--type", "registrationToken")
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        first = asyncio.create_task(line(process.stdout))
        while not first.done():  # what came before the stream was open is not in it
            await site.server.post("registrationtokens")
            await asyncio.wait([first], timeout=0.2)
        assert json.loads(await first)["resourceType"] == "registrationToken"
        await site.agent.disconnect()
        await site.server.kill()
        await site.server.start()
        after = await site.server.post("registrationtokens")
        while json.loads(await line(process.stdout))["resourceId"] != after["id"]:
            pass
    finally:
        process.kill()
        await process.wait()
        await site.reconnect()
