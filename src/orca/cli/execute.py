# SPDX-License-Identifier: Apache-2.0
"""The command ``orca exec``: run a program in a container with this terminal, and end with its status."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator

import click
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from orca.cli import find
from orca.cli.client import Client
from orca.cli.completion import things
from orca.cli.errors import CommandError
from orca.cli.exit_codes import ExitCode
from orca.cli.reader import streamed
from orca.cli.sockets import Cut, Ended, access, frames, opened

CHUNK = 32_768  # bytes of input at a time
END_OF_TRANSMISSION = b"\x04"


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-i", "--interactive", is_flag=True, help="Pass standard input on.")
@click.option("-t", "--tty", "terminal", is_flag=True, help="Give the command a terminal.")
@click.argument("name", metavar="CONTAINER", shell_complete=things("container"))
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def execute(ctx: click.Context, interactive: bool, terminal: bool, name: str, command: tuple[str, ...]) -> None:
    """Run a command in a running container: `orca exec -it web sh`.

    Ends with the status of the command, and with 125 when orca could not run it or lost the connection; the command
    may then still be running.
    """
    if interactive and terminal and not sys.stdin.isatty():
        raise click.UsageError("-t needs a terminal as standard input; leave it out to pass a file or a pipe on")
    if command[0] == "--":
        command = command[1:]
        if not command:
            raise click.UsageError("Missing argument 'COMMAND...'.")
    body = {"command": list(command), "tty": terminal, "attachStdin": interactive, "attachStdout": True}
    try:
        client = Client.of(ctx)
        container = find.one(client, name, ("container",))
        with _raw() if interactive and terminal else contextlib.nullcontext():
            status = streamed(_run(client, lambda: client.act(container, "execute", body), interactive, terminal))
    except CommandError as exc:
        click.echo(f"orca: {exc}", err=True)
        status = ExitCode.NOT_RUN
    ctx.exit(status)


async def _run(client: Client, ask: object, interactive: bool, terminal: bool) -> int:
    assert callable(ask)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    try:
        url = await access(client, ask)
        async with opened(client.target, url) as socket:
            if terminal:
                await _resize(socket)
                loop.add_signal_handler(signal.SIGWINCH, lambda: loop.create_task(_resize(socket)))
            if interactive:
                threading.Thread(target=_pass_input, args=(loop, socket, terminal), daemon=True).start()
            return await _first(_output(socket), stopped)
    except Cut as exc:
        raise CommandError(f"the connection was lost ({exc}); the command may still be running") from exc


async def _first(output: object, stopped: asyncio.Event) -> int:
    """The status of the command, or of a signal that ended orca first."""
    assert asyncio.iscoroutine(output)
    running, told = asyncio.ensure_future(output), asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait([running, told], return_when=asyncio.FIRST_COMPLETED)
        return int(running.result()) if running.done() else 128 + signal.SIGTERM
    finally:
        for task in (running, told):
            task.cancel()
        await asyncio.gather(running, told, return_exceptions=True)


async def _output(socket: ClientConnection) -> int:
    try:
        async for frame in frames(socket):
            _write(base64.b64decode(frame))
    except Ended as exc:
        word, _, status = exc.reason.partition(" ")
        if word != "exit" or not status.isdecimal():
            raise CommandError(f"the command ended without a status: {exc.reason}") from exc
        return int(status) & 0xFF
    raise AssertionError("frames end with an exception")


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


def _pass_input(loop: asyncio.AbstractEventLoop, socket: ClientConnection, terminal: bool) -> None:
    """Send the input to its end, as fast as the server reads. It is read in a thread, because a file cannot be
    awaited.
    """
    with contextlib.suppress(ConnectionClosed, RuntimeError, OSError):
        while data := os.read(sys.stdin.fileno(), CHUNK):
            asyncio.run_coroutine_threadsafe(socket.send(base64.b64encode(data).decode()), loop).result()
        end = base64.b64encode(END_OF_TRANSMISSION).decode() if terminal else json.dumps({"eof": True})
        asyncio.run_coroutine_threadsafe(socket.send(end), loop).result()


async def _resize(socket: ClientConnection) -> None:
    columns, lines = shutil.get_terminal_size()
    if sys.stdin.isatty():
        columns, lines = os.get_terminal_size(sys.stdin.fileno())
    with contextlib.suppress(ConnectionClosed):
        await socket.send(json.dumps({"width": columns, "height": lines}))


@contextlib.contextmanager
def _raw() -> Iterator[None]:
    """Make this terminal pass on every key, also Ctrl-C, and show only the command's output."""
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setraw(descriptor)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
