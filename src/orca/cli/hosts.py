# SPDX-License-Identifier: Apache-2.0
"""Commands for operators of hosts: `orca host fence`, `orca host drain`, `orca rebalance`."""

from __future__ import annotations

import time

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.completion import things
from orca.cli.options import detach_option, names_argument, wait_option
from orca.cli.progress import Progress, wait_steady

plan_option = click.option("--dry-run", "dry_run", is_flag=True, help="Only show what would move, and why.")


@click.group()
def host() -> None:
    """Empty a host, or say that a dead one is off."""


@host.command()
@names_argument("host")
@click.pass_context
def fence(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Say that dead hosts are off: containers that must never run twice then move at once.

    Make sure that the host is off, or has no way to the data that these containers write.
    """
    client = Client.of(ctx)
    for each in find.many(client, names, ("host",)):
        client.act(each, "fence")


@host.command()
@click.argument("name", metavar="HOST", shell_complete=things("host"))
@plan_option
@detach_option
@wait_option
@click.pass_context
def drain(ctx: click.Context, name: str, dry_run: bool, detach: bool, timeout: float) -> None:
    """Let a host take no more containers, and move what may move to others.

    Each container gets its successor before it goes. What stays is shown with the reason. `orca start HOST` ends it:
    the host takes containers again, and what has not moved stays.
    """
    client = Client.of(ctx)
    plan = client.act(find.one(client, name, ("host",)), "drain", {"dryRun": dry_run})
    _follow(client, plan, timeout, waits=not (dry_run or detach))


@click.command()
@plan_option
@detach_option
@wait_option
@click.pass_context
def rebalance(ctx: click.Context, dry_run: bool, detach: bool, timeout: float) -> None:
    """Spread services over the hosts of the project, and give hosts evenly many containers.

    Each container gets its successor before it goes; one container of a service and four in all move at a time.
    """
    client = Client.of(ctx)
    plan = client.act(client.project(), "rebalance", {"dryRun": dry_run})
    _follow(client, plan, timeout, waits=not (dry_run or detach))


def _follow(client: Client, plan: Resource, timeout: float, *, waits: bool) -> None:
    """Print a plan, and wait until it is carried out."""
    for line in plan["lines"]:
        click.echo(line)
    if waits:
        ids = dict.fromkeys(move["serviceId"] for move in plan["moves"])
        services = [client.request("GET", client.in_project(f"services/{id}")) for id in ids]
        with Progress() as progress:
            wait_steady(client, services, time.monotonic() + timeout, progress)
