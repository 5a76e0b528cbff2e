# SPDX-License-Identifier: Apache-2.0
"""The commands ``orca up``, ``orca plan`` and ``orca down``: make a stack what its compose file says, or remove it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from orca.cli.client import Client, Resource
from orca.cli.completion import things
from orca.cli.compose import Wanted, compose_file, default_name
from orca.cli.options import wait_option
from orca.cli.output import emit, output_option, plain
from orca.cli.progress import Progress, endpoints, wait_gone, wait_up

Command = TypeVar("Command", bound=Callable[..., Any])

UP = ("active", "inactive")
"""States of a service that is up; ``inactive`` if its file says not to start it."""


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


def _rancher_option(command: Command) -> Command:
    return click.option(
        "-r",
        "--rancher-file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="File of scales.  [default: rancher-compose.yml beside the compose file, if any]",
    )(command)


@click.command()
@_stack_options
@_rancher_option
@output_option
@click.pass_context
def plan(ctx: click.Context, stack: str | None, file: Path | None, rancher_file: Path | None, output: str) -> None:
    """Show what `orca up` would do, and change nothing.

    orca compares with the present services, so the plan also shows what somebody changed by hand.
    """
    _show_plan(Client.of(ctx), Wanted.read(stack, file, rancher_file), output)


@click.command()
@_stack_options
@_rancher_option
@click.option("--dry-run", is_flag=True, help="Only show what would be done, as `orca plan`.")
@click.option("-d", "--detach", is_flag=True, help="Return once the server has accepted it.")
@wait_option
@output_option
@click.pass_context
def up(
    ctx: click.Context,
    stack: str | None,
    file: Path | None,
    rancher_file: Path | None,
    dry_run: bool,
    detach: bool,
    timeout: float,
    output: str,
) -> None:
    """Bring up the stack of a compose file: create it, or bring it to what the file says now.

    Services that were removed, stopped or scaled by hand are brought back. Containers whose image or settings changed
    are replaced; the old ones are removed once the new ones run.
    """
    wanted = Wanted.read(stack, file, rancher_file)
    client = Client.of(ctx)
    if dry_run:
        _show_plan(client, wanted, output)
        return
    services: list[Resource] = []
    with Progress() as progress:
        deadline = time.monotonic() + timeout
        _wait_for_removal(client, wanted.name, deadline, progress)
        # If the answer is lost after the change was applied, the next attempt finds nothing to do.
        resource = progress.answer(lambda: _apply(client, wanted, progress), deadline)
        if not detach:
            resource, services = wait_up(client, resource, deadline, progress, UP)
    if output != "table":
        emit({"stack": resource, "services": services}, output)
        return
    for endpoint in endpoints(services):
        click.echo(endpoint)


def _show_plan(client: Client, wanted: Wanted, output: str) -> None:
    found = wanted.plan(client)
    if output != "table":
        emit(found, output)
        return
    for warning in found["warnings"]:
        click.echo(f"warning: {plain(warning)}", err=True)
    for line in found["lines"] or ["nothing to do"]:
        click.echo(plain(line))


def _apply(client: Client, wanted: Wanted, progress: Progress) -> Resource:
    """Have the server carry out its plan, and print it; return the stack."""
    found = wanted.plan(client)
    _tell(found, progress)
    for shown, stack in wanted.apply(client, found):
        if stack is not None:
            return stack
        _tell(shown, progress)
    raise AssertionError("the last of them has the stack")


def _tell(found: Resource, progress: Progress) -> None:
    for warning in found["warnings"]:
        progress.note(f"warning: {warning}")
    for line in found["lines"]:
        progress.note(line)


def _wait_for_removal(client: Client, name: str, deadline: float, progress: Progress) -> None:
    """Wait until a stack of that name that is being removed is gone."""
    found = client.find("environments", name)
    if found is not None and found["state"] == "removing":
        wait_gone(client, [found], deadline, progress)


@click.command()
@click.argument("name", required=False, shell_complete=things("stack"))
@_stack_options
@wait_option
@click.pass_context
def down(ctx: click.Context, name: str | None, stack: str | None, file: Path | None, timeout: float) -> None:
    """Remove a stack with its containers: NAME, or the one of the compose file.

    A stack that does not exist is down already.
    """
    if name and (stack or file):
        raise click.UsageError("NAME already names the stack: leave out -p and -f")
    client = Client.of(ctx)
    found = client.find("environments", name or stack or default_name(compose_file(file)))
    if found is not None:
        removing = client.request("DELETE", found["links"]["self"])
        with Progress() as progress:
            wait_gone(client, [removing], time.monotonic() + timeout, progress)
