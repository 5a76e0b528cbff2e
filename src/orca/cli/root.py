# SPDX-License-Identifier: Apache-2.0
"""The ``orca`` command: global options, and a table of commands that are imported on demand."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import click

from orca.cli.completion import context_names, projects
from orca.cli.errors import CommandError
from orca.cli.exit_codes import ExitCode, epilog
from orca.extras import cure


@dataclass(frozen=True)
class Lazy:
    """Where a command lives, and the line ``orca --help`` shows without importing it."""

    module: str
    attribute: str
    help: str


COMMANDS: dict[str, Lazy] = {
    "api": Lazy("orca.cli.raw", "api", "Send one request and print the answer."),
    "balancers": Lazy("orca.cli.balancers", "balancers", "Show what the targets of balancers did."),
    "completion": Lazy("orca.cli.completion", "completion", "Print the script for completion in a shell."),
    "containers": Lazy("orca.cli.lists", "containers", "List the containers."),
    "context": Lazy("orca.cli.contexts", "context", "The servers that are remembered: ls, use, rm, add."),
    "down": Lazy("orca.cli.stacks", "down", "Remove a stack with its containers."),
    "events": Lazy("orca.cli.events", "events", "Follow what changes."),
    "exec": Lazy("orca.cli.execute", "execute", "Run a command in a container."),
    "host": Lazy("orca.cli.hosts", "host", "Empty a host, or say that a dead one is off: drain, fence."),
    "hosts": Lazy("orca.cli.lists", "hosts", "List the hosts."),
    "inspect": Lazy("orca.cli.show", "inspect", "Show everything about any id or name."),
    "login": Lazy("orca.cli.login", "login", "Check and remember how to reach a server."),
    "logs": Lazy("orca.cli.logs", "logs", "Show the logs of containers."),
    "plan": Lazy("orca.cli.stacks", "plan", "Show what `orca up` would do."),
    "processes": Lazy("orca.cli.processes", "processes", "List what the server is doing, and what it waits for."),
    "projects": Lazy("orca.cli.lists", "projects", "List the projects."),
    "ps": Lazy("orca.cli.lists", "ps", "List the services and containers."),
    "rebalance": Lazy("orca.cli.hosts", "rebalance", "Spread containers evenly over the hosts."),
    "restart": Lazy("orca.cli.actions", "restart", "Restart containers, also those of services and stacks."),
    "rm": Lazy("orca.cli.actions", "rm", "Remove containers, services, stacks or hosts."),
    "scale": Lazy("orca.cli.actions", "scale", "Set how many containers services have."),
    "server": Lazy("orca.cli.server", "server", "Run the server."),
    "services": Lazy("orca.cli.lists", "services", "List the services."),
    "stacks": Lazy("orca.cli.lists", "stacks", "List the stacks."),
    "start": Lazy("orca.cli.actions", "start", "Start containers, services or stacks."),
    "stats": Lazy("orca.cli.statistics", "stats", "Show what containers and hosts use."),
    "stop": Lazy("orca.cli.actions", "stop", "Stop containers, services or stacks."),
    "up": Lazy("orca.cli.stacks", "up", "Bring up the stack of a compose file."),
    "volumes": Lazy("orca.cli.volumes", "volumes", "List the volumes, and where each is."),
    "wait": Lazy("orca.cli.actions", "wait", "Wait for a state."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        try:
            command = getattr(importlib.import_module(lazy.module), lazy.attribute)
        except ModuleNotFoundError as exc:
            extra = "server" if cmd_name == "server" else "cli"
            raise CommandError(cure(cmd_name, extra, exc)) from exc
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The reader of the output has gone; the interpreter must not try to write the rest at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(ExitCode.DONE)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    epilog=epilog(),
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": None},
)
@click.option("--url", metavar="URL", help="Address of the server.  [env: ORCA_URL]")
@click.option("--ca", metavar="FILE", help="Certificate authority to trust, and no other.  [env: ORCA_CA]")
@click.option(
    "--project",
    metavar="NAME",
    shell_complete=projects,
    help="Project to work in, by name or id.  [env: ORCA_PROJECT; default: Default]",
)
@click.option(
    "--context", metavar="NAME", shell_complete=context_names, help="One of the servers remembered by `orca login`."
)
@click.version_option(package_name="orca-platform", message="%(version)s")
def cli(**options: Any) -> None:
    """Run and use a container platform.

    The server is found through options, then ORCA_URL, ORCA_ACCESS_KEY, ORCA_SECRET_KEY and ORCA_CA, then what
    `orca login` remembered, then what the role `server` fetched to $ORCA_HOME/server.
    """


def main() -> None:
    """Run the command; an expected failure becomes a line and an exit code."""
    try:
        sys.exit(cli.main(prog_name="orca", standalone_mode=False))  # what a command passed to `ctx.exit`, or nothing
    except click.ClickException as exc:
        exc.show()
        sys.exit(exc.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except CommandError as exc:
        click.echo(f"orca: {exc}", err=True)
        sys.exit(exc.exit_code)
