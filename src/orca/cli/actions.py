# SPDX-License-Identifier: Apache-2.0
"""Commands that change resources: start, stop, restart, rm, scale; and wait."""

from __future__ import annotations

import time
from collections.abc import Iterable

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.completion import things
from orca.cli.options import detach_option, names_argument, wait_option
from orca.cli.progress import Progress, wait_gone, wait_steady, wait_up

CHANGEABLE = ("container", "service", "stack", "host")
REMOVABLE = (*CHANGEABLE, "volume")
START = {"container": "start", "service": "activate", "stack": "activateservices", "host": "activate"}
STOP = {"container": "stop", "service": "deactivate", "stack": "deactivateservices", "host": "deactivate"}
STARTED = {"container": "running", "service": "active", "stack": "active", "host": "active"}
STOPPED = {"container": "stopped", "service": "inactive", "stack": "inactive", "host": "inactive"}


@click.command()
@names_argument(*CHANGEABLE)
@detach_option
@wait_option
@click.pass_context
def start(ctx: click.Context, names: tuple[str, ...], detach: bool, timeout: float) -> None:
    """Start containers, services or the services of stacks, and wait until they run. Hosts take containers again."""
    _change(Client.of(ctx), names, START, STARTED, timeout, detach=detach)


@click.command()
@names_argument(*CHANGEABLE)
@detach_option
@wait_option
@click.pass_context
def stop(ctx: click.Context, names: tuple[str, ...], detach: bool, timeout: float) -> None:
    """Stop containers, services or the services of stacks; the containers are kept. Hosts take no new ones."""
    _change(Client.of(ctx), names, STOP, STOPPED, timeout, detach=detach)


@click.command()
@names_argument("container", "service", "stack")
@wait_option
@click.pass_context
def restart(ctx: click.Context, names: tuple[str, ...], timeout: float) -> None:
    """Restart containers; those of services and stacks one after another."""
    client = Client.of(ctx)
    deadline = time.monotonic() + timeout
    found = find.many(client, names, ("container", "service", "stack"))
    with Progress() as progress:
        for resource in found:
            for container in _containers(client, resource):
                wait_steady(client, [client.act(container, "restart")], deadline, progress, "running")


@click.command()
@names_argument(*REMOVABLE)
@detach_option
@wait_option
@click.pass_context
def rm(ctx: click.Context, names: tuple[str, ...], detach: bool, timeout: float) -> None:
    """Remove containers, services, stacks with all that is in them, hosts that were stopped, or volumes with their
    data.
    """
    client = Client.of(ctx)
    found = find.many(client, names, REMOVABLE)
    removing = [client.request("DELETE", resource["links"]["self"]) for resource in found]
    if not detach:
        with Progress() as progress:
            wait_gone(client, removing, time.monotonic() + timeout, progress)


@click.command()
@click.argument("scales", nargs=-1, required=True, metavar="SERVICE=NUMBER...", shell_complete=things("service"))
@detach_option
@wait_option
@click.pass_context
def scale(ctx: click.Context, scales: tuple[str, ...], detach: bool, timeout: float) -> None:
    """Set how many containers services have, and wait for them."""
    wanted = [_scale(text) for text in scales]
    client = Client.of(ctx)
    found = [(find.one(client, name, ("service",)), number) for name, number in wanted]
    changed = [client.request("PUT", service["links"]["self"], {"scale": number}) for service, number in found]
    if not detach:
        with Progress() as progress:
            wait_steady(client, changed, time.monotonic() + timeout, progress)


@click.command()
@names_argument(*CHANGEABLE)
@click.option("--for", "state", metavar="STATE", help="Wait for this state, as `orca ps` shows it; `removed` too.")
@wait_option
@click.pass_context
def wait(ctx: click.Context, names: tuple[str, ...], state: str | None, timeout: float) -> None:
    """Wait until nothing is in transition, or until everything named is in a state."""
    client = Client.of(ctx)
    deadline = time.monotonic() + timeout
    found = find.many(client, names, CHANGEABLE)
    with Progress() as progress:
        if state == "removed":
            wait_gone(client, found, deadline, progress)
        else:
            wait_steady(client, found, deadline, progress, state)


def _change(
    client: Client,
    names: Iterable[str],
    actions: dict[str, str],
    states: dict[str, str],
    timeout: float,
    *,
    detach: bool,
) -> None:
    """Call the action of each type unless the resource is in its state already, and wait for that state."""
    deadline = time.monotonic() + timeout
    found = [(each, find.type_of(each)) for each in find.many(client, names, CHANGEABLE)]
    acted = [(_called_for(client, each, actions[type], states[type]), type) for each, type in found]
    if detach:
        return
    with Progress() as progress:
        for resource, type in acted:
            if type == "stack":
                wait_up(client, resource, deadline, progress, states=(states[type],))
            else:
                wait_steady(client, [resource], deadline, progress, states[type])


def _called_for(client: Client, resource: Resource, action: str, state: str) -> Resource:
    done = resource["state"] == state and action not in resource.get("actions", {})
    return resource if done else client.act(resource, action)


def _containers(client: Client, resource: Resource) -> list[Resource]:
    if "instances" not in resource["links"]:
        return [resource]
    return sorted(client.follow(resource, "instances"), key=find.name_of)


def _scale(text: str) -> tuple[str, int]:
    name, equals, number = text.rpartition("=")
    if not equals or not number.isdecimal():
        raise click.UsageError(f"{text}: SERVICE=NUMBER is expected")
    return name, int(number)
