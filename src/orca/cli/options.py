# SPDX-License-Identifier: Apache-2.0
"""Options and arguments that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orca.cli.completion import things

Command = TypeVar("Command", bound=Callable[..., Any])

WAIT = 600  # seconds an operation may take before the command gives up waiting for it


def wait_option(command: Command) -> Command:
    """The option ``--timeout`` of every command that waits."""
    return click.option(
        "--timeout",
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        default=WAIT,
        show_default=True,
        help="Seconds to wait at most.",
    )(command)


def detach_option(command: Command) -> Command:
    """The option ``-d`` of every command that need not wait."""
    return click.option("-d", "--detach", is_flag=True, help="Return once the server has accepted it.")(command)


def names_argument(*types: str, required: bool = True) -> Callable[[Command], Command]:
    """The argument of every command on resources: names or ids of these types."""
    return click.argument("names", nargs=-1, required=required, metavar="NAME...", shell_complete=things(*types))
