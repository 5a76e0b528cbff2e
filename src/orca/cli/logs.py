# SPDX-License-Identifier: Apache-2.0
"""The command `orca logs`: lines of containers, gone on with after a cut where they broke off, none twice."""

from __future__ import annotations

import asyncio
import sys

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.errors import CommandError
from orca.cli.options import names_argument
from orca.cli.sockets import Again, Cut, Ended, access, frames, opened, together

STDERR = "02"


@click.command()
@names_argument("container", "service", "stack")
@click.option("-f", "--follow", is_flag=True, help="Go on with what is written from now on.")
@click.option("-n", "--lines", metavar="NUMBER|all", default="100", show_default=True, help="How many lines back.")
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@click.pass_context
def logs(ctx: click.Context, names: tuple[str, ...], follow: bool, lines: str, timestamps: bool) -> None:
    """Show the logs of containers, also of all containers of services and stacks.

    What a container wrote to standard error goes to standard error. With -f, a connection that breaks is made anew,
    and the log goes on after the last line shown.
    """
    wanted = _number(lines)
    client = Client.of(ctx)
    found = _containers(client, find.many(client, names, ("container", "service", "stack")))
    width = max(len(find.name_of(each)) for each in found) if len(found) > 1 else 0
    asyncio.run(together(*(Log(client, each, follow, wanted, timestamps, width).show() for each in found)))


class Log:
    """The log of one container."""

    def __init__(
        self, client: Client, container: Resource, follow: bool, lines: int | None, timestamps: bool, width: int
    ) -> None:
        self.client, self.container = client, container
        self.body = {"follow": follow, "lines": lines}
        self.timestamps = timestamps
        self.prefix = f"{find.name_of(container):<{width}} | " if width else ""
        self.mark: str | None = None  # the first two words of the last line shown
        self.count = 0  # how many of the last lines had these

    async def show(self) -> None:
        """Show it to its end."""
        again = Again(lambda text: click.echo(f"orca: {find.name_of(self.container)}: {text}", err=True))
        while True:
            try:
                await self._once(again)
            except Ended:
                return
            except (Cut, CommandError) as exc:
                await again.after(exc)

    async def _once(self, again: Again) -> None:
        query = {} if self.mark is None else {"since": self.mark, "skip": self.count}
        url = await access(self.client, lambda: self.client.act(self.container, "logs", self.body), **query)
        async with opened(self.client.target, url) as socket:
            again.came()
            async for frame in frames(socket):
                self._line(frame)
                again.came()

    def _line(self, frame: str) -> None:
        kind, _, rest = frame.partition(" ")
        timestamp, _, text = rest.partition(" ")
        mark = f"{kind} {timestamp}"
        self.count = self.count + 1 if mark == self.mark else 1
        self.mark = mark
        stream = sys.stderr if kind == STDERR else sys.stdout
        print(f"{self.prefix}{f'{timestamp} ' if self.timestamps else ''}{text}", file=stream, flush=True)


def _containers(client: Client, found: list[Resource]) -> list[Resource]:
    containers: list[Resource] = []
    for each in found:
        containers += client.follow(each, "instances") if find.kind_of(each) != "container" else [each]
    if not containers:
        raise CommandError("there is no container whose log could be shown")
    return containers


def _number(lines: str) -> int | None:
    if lines == "all":
        return None
    if not lines.isdecimal():
        raise click.UsageError(f"--lines {lines}: a number or `all` is expected")
    return int(lines)
