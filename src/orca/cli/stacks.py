# SPDX-License-Identifier: Apache-2.0
"""Commands on stacks: up, down, rm, start, stop."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orca.cli.client import Client, Resource
from orca.cli.errors import CommandError
from orca.cli.output import emit, output_option
from orca.cli.progress import Progress, endpoints, failing, wait_up

Command = TypeVar("Command", bound=Callable[..., Any])

COMPOSE_NAMES = ("docker-compose.yml", "docker-compose.yaml", "compose.yml", "compose.yaml")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
WAIT = 600  # seconds an operation may take before the command gives up waiting for it


def _stack_options(command: Command) -> Command:
    for option in (
        click.option(
            "-p",
            "--project-name",
            "--stack",
            "stack",
            metavar="NAME",
            help="Name of the stack.  [default: the folder's name]",
        ),
        click.option(
            "-f",
            "--file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            help="Compose file.  [default: docker-compose.yml]",
        ),
    ):
        command = option(command)
    return command


def _wait_option(command: Command) -> Command:
    return click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=WAIT,
        show_default=True,
        help="How long to wait.",
    )(command)


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
@_wait_option
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
    progress = Progress()
    resource, failed_before = _apply(client, name, wanted, progress)
    services: list[Resource] = []
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
@_wait_option
@click.pass_context
def down(ctx: click.Context, stack: str | None, file: Path | None, timeout: float) -> None:
    """Remove a stack with its containers. A stack that does not exist is down already."""
    _remove(Client.of(ctx), [stack or _default_name(_compose_file(file))], timeout, must_exist=False)


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="STACK...")
@_wait_option
@click.pass_context
def rm(ctx: click.Context, names: tuple[str, ...], timeout: float) -> None:
    """Remove stacks by name, with their containers."""
    _remove(Client.of(ctx), list(names), timeout, must_exist=True)


def _remove(client: Client, names: list[str], timeout: float, *, must_exist: bool) -> None:
    deadline = time.monotonic() + timeout
    progress = Progress()
    stacks = [stack for name in names if (stack := _find(client, name, must_exist=must_exist)) is not None]
    removing = [client.request("DELETE", stack["links"]["self"]) for stack in stacks]
    for stack in removing:
        client.wait_gone(stack, deadline, progress.show)
        progress.say(stack["name"], "removed")


@click.command()
@click.argument("name", metavar="STACK")
@_wait_option
@click.pass_context
def start(ctx: click.Context, name: str, timeout: float) -> None:
    """Start the services of a stack, and wait until they run."""
    client = Client.of(ctx)
    stack = client.act(_existing(client, name), "activateservices")
    wait_up(client, stack, time.monotonic() + timeout, Progress())


@click.command()
@click.argument("name", metavar="STACK")
@_wait_option
@click.pass_context
def stop(ctx: click.Context, name: str, timeout: float) -> None:
    """Stop the services of a stack; its containers are kept."""
    client = Client.of(ctx)
    stack = client.act(_existing(client, name), "deactivateservices")
    wait_up(client, stack, time.monotonic() + timeout, Progress(), state="inactive")


def _existing(client: Client, name: str) -> Resource:
    stack = _find(client, name, must_exist=True)
    assert stack is not None
    return stack


def _find(client: Client, name: str, *, must_exist: bool) -> Resource | None:
    stack = client.find("environments", name)
    if stack is None and must_exist:
        raise CommandError(f"there is no stack named {name} in project {client.target.project}")
    return stack


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
