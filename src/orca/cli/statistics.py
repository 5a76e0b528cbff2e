# SPDX-License-Identifier: Apache-2.0
"""The command ``orca stats``: the usage of containers and hosts, as a live table."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.errors import CommandError, DeadlineError
from orca.cli.options import names_argument
from orca.cli.output import emit_line, output_option, table
from orca.cli.reader import streamed
from orca.cli.sockets import Again, Cut, Ended, access, frames, opened, together
from orca.wire.streams import nanoseconds

INTERVAL = 1.0  # seconds between two tables
PATIENCE = 15.0  # seconds for the first figures of `--no-stream`
STALE = 5.0  # seconds after which a resource without reports leaves the table
COLUMNS = ("ID", "NAME", "CPU", "MEMORY", "LIMIT", "NET IN/s", "NET OUT/s", "READ/s", "WRITE/s")


@click.command()
@names_argument("container", "service", "host", required=False)
@click.option("--hosts", "of_hosts", is_flag=True, help="Show the hosts themselves instead of their containers.")
@click.option("--no-stream", is_flag=True, help="Print the figures of one second, and end.")
@output_option
@click.pass_context
def stats(ctx: click.Context, names: tuple[str, ...], of_hosts: bool, no_stream: bool, output: str) -> None:
    """Show what containers use: all of the project, or those of the services, hosts and containers named.

    On a terminal the table is updated in place; elsewhere tables follow each other. JSON and YAML give one document per
    second and resource.
    """
    client = Client.of(ctx)
    sources = _sources(client, names, of_hosts)
    if not sources:
        raise CommandError("there is nothing to watch: no host is connected")
    streamed(_watch(client, sources, no_stream, output))


@dataclass
class Figures:
    """The last two reports on each resource."""

    last: dict[str, dict[str, Any]] = field(default_factory=dict)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    def take(self, report: dict[str, Any]) -> None:
        """Add a report."""
        identity = report["id"]
        if identity in self.last:
            self.before[identity] = self.last[identity]
        self.last[identity] = report
        self.seen[identity] = time.monotonic()

    def rows(self, names: dict[str, str]) -> list[tuple[object, ...]]:
        """Recent reports, by name."""
        now = time.monotonic()
        fresh = [identity for identity, at in self.seen.items() if now - at < STALE]
        return [self._row(identity, names) for identity in sorted(fresh, key=lambda each: names.get(each, each))]

    def usage(self, identity: str) -> dict[str, Any]:
        """One resource's figures: percent of a core, bytes, and bytes per second since the report before."""
        report, earlier = self.last[identity], self.before.get(identity)
        used = {"memory": report["memory"]["usage"], "memoryLimit": report.get("memLimit")}
        if earlier is None:
            return used
        seconds = (nanoseconds(report["timestamp"]) - nanoseconds(earlier["timestamp"])) / 1e9
        if seconds <= 0:
            return used

        def rate(value: Callable[[dict[str, Any]], float]) -> float:
            return max(0.0, (value(report) - value(earlier)) / seconds)

        return {
            **used,
            "cpuPercent": round(rate(lambda each: each["cpu"]["usage"]["total"]) / 1e7, 2),
            "networkIn": round(rate(lambda each: each["network"]["rx_bytes"])),
            "networkOut": round(rate(lambda each: each["network"]["tx_bytes"])),
            "diskRead": round(rate(lambda each: _disk(each, "Read"))),
            "diskWrite": round(rate(lambda each: _disk(each, "Write"))),
        }

    def _row(self, identity: str, names: dict[str, str]) -> tuple[object, ...]:
        used = self.usage(identity)
        cpu = used.get("cpuPercent")
        rates = (_size(used.get(key)) for key in ("networkIn", "networkOut", "diskRead", "diskWrite"))
        sizes = (_size(used[key]) for key in ("memory", "memoryLimit"))
        return identity, names.get(identity), None if cpu is None else f"{cpu:.1f} %", *sizes, *rates


def _sources(client: Client, names: tuple[str, ...], of_hosts: bool) -> list[tuple[Resource, str]]:
    """The resources to follow, each with the name of its link."""
    if names:
        found = find.many(client, names, ("container", "service", "host"))
        return [(each, "hostStats" if of_hosts else "containerStats") for each in found]
    hosts = [each for each in client.list(client.in_project("hosts")) if each.get("agentState") == "active"]
    return [(host, "hostStats" if of_hosts else "containerStats") for host in hosts]


async def _watch(client: Client, sources: list[tuple[Resource, str]], no_stream: bool, output: str) -> None:
    figures = Figures()
    collected = (_collect(client, source, link, figures) for source, link in sources)
    shown = _show(client, figures, no_stream, output)
    parts = [asyncio.ensure_future(together(*collected)), asyncio.ensure_future(shown)]
    try:
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for part in done:
            part.result()
    finally:
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)


async def _collect(client: Client, source: Resource, link: str, figures: Figures) -> None:
    again = Again(lambda text: click.echo(f"orca: {find.name_of(source)}: {text}", err=True))
    if link not in source["links"]:
        raise CommandError(f"{find.type_of(source)} {find.name_of(source)} has no statistics now")
    while True:
        try:
            url = await access(client, lambda: client.request("GET", source["links"][link]))
            async with opened(client.target, url) as socket:
                again.came()
                async for frame in frames(socket):
                    again.came()
                    for report in json.loads(frame):
                        figures.take(report)
        except Ended:
            return
        except (Cut, CommandError) as exc:
            await again.after(exc)


async def _show(client: Client, figures: Figures, no_stream: bool, output: str) -> None:
    names: dict[str, str] = {}
    live = sys.stdout.isatty() and output == "table" and not no_stream
    deadline = time.monotonic() + PATIENCE
    while True:
        await asyncio.sleep(INTERVAL)
        if no_stream and not figures.before:
            if time.monotonic() > deadline:
                raise DeadlineError(f"no figures came within {PATIENCE:.0f} s")
            continue
        if any(identity not in names for identity in figures.last):
            names = await asyncio.to_thread(_names, client)
        if output != "table":
            for identity in sorted(figures.before):
                shown = {"id": identity, "name": names.get(identity), **figures.usage(identity)}
                emit_line({**shown, "timestamp": figures.last[identity]["timestamp"]}, output)
        else:
            _draw(table(COLUMNS, figures.rows(names)), live)
        if no_stream:
            return


def _draw(lines: list[str], live: bool) -> None:
    """Draw the table: on a terminal over the last one, cut to its size; elsewhere below it."""
    if not live:
        click.echo("\n".join([*lines, ""]))
        return
    columns, height = shutil.get_terminal_size()
    shown = "".join(f"{line[:columns]}\x1b[K\n" for line in lines[: height - 1])
    sys.stdout.write(f"\x1b[H{shown}\x1b[J")
    sys.stdout.flush()


def _names(client: Client) -> dict[str, str]:
    plurals = ("containers", "hosts")
    return {each["id"]: find.name_of(each) for plural in plurals for each in client.list(client.in_project(plural))}


def _disk(report: dict[str, Any], direction: str) -> int:
    return sum(each["stats"].get(direction, 0) for each in report["diskio"]["io_service_bytes"])


def _size(number: float | None) -> str | None:
    """Bytes with a binary unit, three digits or so."""
    if number is None:
        return None
    for unit in ("B", "KiB", "MiB", "GiB"):
        if number < 1024:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TiB"
