# SPDX-License-Identifier: Apache-2.0
"""The commands `orca up` and `orca down`: a stack is made what its compose file says, or removed."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orca.cli.client import Client, Resource, called
from orca.cli.completion import things
from orca.cli.options import wait_option
from orca.cli.output import emit, output_option
from orca.cli.progress import Progress, endpoints, failing, wait_gone, wait_up

Command = TypeVar("Command", bound=Callable[..., Any])

COMPOSE_NAMES = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
UP = ("active", "upgraded")
"""States of a service that is up: an upgraded one waits for the end of the upgrade."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


def _stack_options(command: Command) -> Command:
    for option in (
        click.option(
            "-p",
            "--project-name",
            "--stack",
            "stack",
            metavar="NAME",
            shell_complete=things("stack"),
            help="Name of the stack.  [default: the folder's name]",
        ),
        click.option(
            "-f",
            "--file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Compose file.  [default: docker-compose.yml or compose.yml]",
        ),
    ):
        command = option(command)
    return command


@click.command()
@_stack_options
@click.option(
    "-r",
    "--rancher-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File of scales.  [default: rancher-compose.yml beside the compose file, if any]",
)
@click.option("-d", "--detach", is_flag=True, help="Return once the server has accepted it.")
@wait_option
@output_option
@click.pass_context
def up(
    ctx: click.Context,
    stack: str | None,
    file: Path | None,
    rancher_file: Path | None,
    detach: bool,
    timeout: float,
    output: str,
) -> None:
    """Bring up the stack of a compose file: create it, or bring it to what the file says now.

    Containers whose image or settings changed are replaced. The old ones are kept, stopped, until all services are up;
    with --detach until the next `orca up`.
    """
    path = _compose_file(file)
    name = stack or _default_name(path)
    wanted = _wanted(_read(path), _rancher_text(path, rancher_file))
    client = Client.of(ctx)
    services: list[Resource] = []
    with Progress() as progress:
        deadline = time.monotonic() + timeout
        resource, failed_before = _apply(client, name, wanted, deadline, progress)
        if not detach:
            resource, services = wait_up(client, resource, deadline, progress, UP, failed_before)
            if resource["state"] == "upgraded":
                resource = _finish(client, resource, deadline, progress)
                resource, services = wait_up(client, resource, deadline, progress)
    if output != "table":
        emit({"stack": resource, "services": services}, output)
        return
    for endpoint in endpoints(services):
        click.echo(endpoint)


def _wanted(compose: str, rancher: str | None) -> dict[str, Any]:
    """The fields of the stack; variables that the files name are filled in from this shell's environment."""
    named = set(_VARIABLE.findall(compose + (rancher or "")))
    return {
        "dockerCompose": compose,
        "rancherCompose": rancher or "",
        "environment": {name: os.environ[name] for name in sorted(named & set(os.environ))},
    }


def _apply(
    client: Client, name: str, wanted: dict[str, Any], deadline: float, progress: Progress
) -> tuple[Resource, frozenset[str]]:
    """Make the server want the stack: create, start or upgrade it, whichever is missing.

    Returns the stack, and the ids of what had failed before.
    """
    current = client.find("environments", name)
    if current is None:
        progress.say(name, "creating")
        body = {"name": name, **wanted, "startOnCreate": True}
        return client.request("POST", client.in_project("environments"), body), frozenset()
    services = list(client.follow(current, "services"))
    failed_before = failing([current, *services])
    changed = any((current.get(field) or type(value)()) != value for field, value in wanted.items())
    asleep = any(service["state"] == "inactive" for service in services)
    current = _at_rest(client, current, deadline, progress)
    if current["state"] == "upgraded":
        current = _finish(client, current, deadline, progress)
    if asleep:
        progress.say(name, "starting")
        current = client.act(current, "activateservices")
    if changed:
        progress.say(name, "upgrading")
        current = client.act(current, "upgrade", wanted)
    return current, failed_before


def _finish(client: Client, stack: Resource, deadline: float, progress: Progress) -> Resource:
    """End an upgrade for good: what it replaced is removed. The stack once that is done."""
    return _at_rest(client, client.act(stack, "finishupgrade"), deadline, progress)


def _at_rest(client: Client, stack: Resource, deadline: float, progress: Progress) -> Resource:
    """The stack once nothing is under way with it, whatever the outcome: what is wanted now may be the cure."""
    while stack.get("transitioning") == "yes":
        progress.say(stack["name"], stack["state"])
        progress.pause(deadline, f"{called(stack)} is still {stack['state']}")
        stack = client.request("GET", stack["links"]["self"])
    return stack


@click.command()
@_stack_options
@wait_option
@click.pass_context
def down(ctx: click.Context, stack: str | None, file: Path | None, timeout: float) -> None:
    """Remove a stack with its containers. A stack that does not exist is down already."""
    client = Client.of(ctx)
    found = client.find("environments", stack or _default_name(_compose_file(file)))
    if found is not None:
        removing = client.request("DELETE", found["links"]["self"])
        with Progress() as progress:
            wait_gone(client, [removing], time.monotonic() + timeout, progress)


def _compose_file(given: Path | None) -> Path:
    if given is not None:
        return given
    for name in COMPOSE_NAMES:
        if Path(name).exists():
            return Path(name)
    raise click.UsageError(f"no {COMPOSE_NAMES[0]} in {Path.cwd()}; name one with -f")


def _rancher_text(compose: Path, given: Path | None) -> str | None:
    beside = compose.with_name("rancher-compose.yml")
    if given is None and not beside.exists():
        return None
    return _read(given or beside)


def _default_name(compose: Path) -> str:
    """The folder's name reduced to what a stack may be called: letters, digits and inner hyphens."""
    folder = compose.resolve().parent.name
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder).strip("-")
    if not name:
        raise click.UsageError(f"the folder {folder or os.sep} gives no name for a stack; name it with -p")
    return name


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"cannot read {path}: {exc}") from exc
