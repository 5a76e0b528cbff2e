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

from orca.cli.client import Client, Resource
from orca.cli.completion import things
from orca.cli.options import wait_option
from orca.cli.output import emit, output_option
from orca.cli.progress import Progress, endpoints, failing, wait_gone, wait_up

Command = TypeVar("Command", bound=Callable[..., Any])

COMPOSE_NAMES = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
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
    """Bring up the stack of a compose file: create it, or bring it to what the file says now."""
    path = _compose_file(file)
    name = stack or _default_name(path)
    wanted = _wanted(_read(path), _rancher_text(path, rancher_file))
    client = Client.of(ctx)
    services: list[Resource] = []
    with Progress() as progress:
        resource, failed_before = _apply(client, name, wanted, progress)
        if not detach:
            deadline = time.monotonic() + timeout
            resource, services = wait_up(client, resource, deadline, progress, failed_before=failed_before)
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


def _apply(client: Client, name: str, wanted: dict[str, Any], progress: Progress) -> tuple[Resource, frozenset[str]]:
    """Make the server want the stack: create, update or start it, whichever is missing.

    Returns the stack, and the ids of what had failed before.
    """
    current = client.find("environments", name)
    if current is None:
        progress.say(name, "creating")
        body = {"name": name, **wanted, "startOnCreate": True}
        return client.request("POST", client.in_project("environments"), body), frozenset()
    services = list(client.follow(current, "services"))
    failed_before = failing([current, *services])
    if any((current.get(field) or type(value)()) != value for field, value in wanted.items()):
        progress.say(name, "updating")
        current = client.request("PUT", current["links"]["self"], wanted)
    if any(service["state"] == "inactive" for service in services):
        progress.say(name, "starting")
        current = client.act(current, "activateservices")
    return current, failed_before


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
