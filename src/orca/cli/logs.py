# SPDX-License-Identifier: Apache-2.0
"""The command ``orca logs``: lines of containers, resumed after a cut without a gap or a repetition."""

from __future__ import annotations

import asyncio
import sys
import time

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.errors import ApiError, CommandError, UnreachableError
from orca.cli.options import names_argument
from orca.cli.reader import streamed
from orca.cli.sockets import Again, Cut, Ended, access, frames, opened

STDERR = "02"
LOOK = 1.0  # seconds between two checks for new containers of a service, or for a restarted container
RESTART = 2.0  # seconds in which a single container must be starting again
SHOWN = ("running", "stopping", "stopped")
GONE = ("removing", "removed", "purging", "purged")


@click.command()
@names_argument("container", "service", "stack")
@click.option("-f", "--follow", is_flag=True, help="Keep following the log.")
@click.option(
    "-n", "--lines", metavar="NUMBER|all", default="100", show_default=True, help="How many of the last lines."
)
@click.option("-t", "--timestamps", is_flag=True, help="Begin each line with its time.")
@click.pass_context
def logs(ctx: click.Context, names: tuple[str, ...], follow: bool, lines: str, timestamps: bool) -> None:
    """Show the logs of containers, also of all containers of services and stacks.

    What a container wrote to standard error goes to standard error. With -f, orca reconnects when a connection breaks
    or the container starts again, and goes on after the last line shown. The log of a container ends when it stays
    stopped. Logs of a service or stack go on until interrupted, and include new containers.
    """
    wanted = _number(lines)
    client = Client.of(ctx)
    found = find.many(client, names, ("container", "service", "stack"))
    groups = [each for each in found if find.type_of(each) != "container"]
    containers = [each for each in found if each not in groups]
    containers += [each for group in groups for each in client.follow(group, "instances")]
    if not containers and not (follow and groups):
        raise CommandError("there is no container whose log could be shown")
    shown = Shown(client, follow, wanted, timestamps, groups, containers)
    streamed(shown.run())


class Shown:
    """The logs of several containers, with those that join their services and stacks."""

    def __init__(
        self,
        client: Client,
        follow: bool,
        lines: int | None,
        timestamps: bool,
        groups: list[Resource],
        containers: list[Resource],
    ) -> None:
        self.client, self.follow, self.lines, self.timestamps = client, follow, lines, timestamps
        self.groups = groups if follow else []
        self.begun = {each["id"]: each for each in containers}
        self.width = max((len(find.name_of(each)) for each in containers), default=0)
        self.alone = len(containers) == 1 and not self.groups

    async def run(self) -> None:
        """Show them to their ends."""
        logs = {asyncio.ensure_future(self._log(each, self.lines).show()) for each in self.begun.values()}
        looking = asyncio.ensure_future(asyncio.sleep(LOOK)) if self.groups else None
        try:
            while logs or looking:
                awaited = logs | ({looking} if looking else set())
                done, _ = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
                for each in done:
                    each.result()
                logs -= done
                if looking in done:
                    logs |= {asyncio.ensure_future(self._log(each, None).show()) for each in await self._joined()}
                    looking = asyncio.ensure_future(asyncio.sleep(LOOK))
        finally:
            for each in logs:
                each.cancel()
            await asyncio.gather(*logs, return_exceptions=True)

    async def _joined(self) -> list[Resource]:
        """Containers that joined the services and stacks since the last check."""
        found = [each for group in self.groups for each in await asyncio.to_thread(self._members, group)]
        new = [each for each in found if each["id"] not in self.begun and each["state"] in SHOWN]
        self.begun |= {each["id"]: each for each in new}
        return new

    def _members(self, group: Resource) -> list[Resource]:
        try:
            return list(self.client.follow(group, "instances"))
        except UnreachableError:
            return []  # the open logs report that, and try again

    def _log(self, container: Resource, lines: int | None) -> Log:
        name = find.name_of(container)
        prefix = "" if self.alone else f"{name:<{self.width}} | "
        return Log(self.client, container, self.follow, lines, self.timestamps, prefix, patient=bool(self.groups))


class Log:
    """The log of one container. ``patient``: it may stay stopped for a long time."""

    def __init__(
        self,
        client: Client,
        container: Resource,
        follow: bool,
        lines: int | None,
        timestamps: bool,
        prefix: str,
        *,
        patient: bool,
    ) -> None:
        self.client, self.container = client, container
        self.body = {"follow": follow, "lines": lines}
        self.timestamps = timestamps
        self.prefix = prefix
        self.patient = patient
        self.mark: str | None = None  # the first two words of the last line shown
        self.count = 0  # how many of the last lines had these

    async def show(self) -> None:
        """Show it to its end."""
        again = Again(lambda text: click.echo(f"orca: {find.name_of(self.container)}: {text}", err=True))
        while True:
            try:
                await self._once(again)
            except Ended:
                if not self.body["follow"] or not await self._starts_again():
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

    async def _starts_again(self) -> bool:
        """Wait until the container runs again; return False if it does not."""
        patience = time.monotonic() + RESTART
        while True:
            await asyncio.sleep(LOOK)
            found = await asyncio.to_thread(self._present)
            if found is None or found.get("removed") or found["state"] in GONE:
                return False
            if found["state"] == "running":
                self.container = found
                return True
            if found["state"] == "stopped" and not self.patient and time.monotonic() > patience:
                return False

    def _present(self) -> Resource | None:
        try:
            found: Resource = self.client.request("GET", self.container["links"]["self"])
        except ApiError as exc:
            if exc.status == 404:
                return None
            raise
        return found

    def _line(self, frame: str) -> None:
        output, _, rest = frame.partition(" ")
        timestamp, _, text = rest.partition(" ")
        mark = f"{output} {timestamp}"
        self.count = self.count + 1 if mark == self.mark else 1
        self.mark = mark
        stream = sys.stderr if output == STDERR else sys.stdout
        print(f"{self.prefix}{f'{timestamp} ' if self.timestamps else ''}{text}", file=stream, flush=True)


def _number(lines: str) -> int | None:
    if lines == "all":
        return None
    if not lines.isdecimal():
        raise click.UsageError(f"--lines {lines}: a number or `all` is expected")
    return int(lines)
