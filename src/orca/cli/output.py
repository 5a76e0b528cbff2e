# SPDX-License-Identifier: Apache-2.0
"""How results are printed: an aligned table for people, JSON or YAML documents for programs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

Row = Sequence[object]

COLOURS = {
    **dict.fromkeys(("active", "running", "healthy", "DONE"), "green"),
    **dict.fromkeys(("error", "erroring", "reconnecting", "disconnected", "unhealthy", "EXCEPTION", "FAIL"), "red"),
    **dict.fromkeys(("inactive", "stopped", "removed", "purged", "CANCELED"), "bright_black"),
}
"""Colours of states and results; a state in transition is yellow."""


def output_option(command: Command) -> Command:
    """The option ``-o`` of every command that prints resources."""
    return _output("table", "json", "yaml")(command)


def wide_output_option(command: Command) -> Command:
    """The option ``-o`` of a command whose table has more columns on demand."""
    return _output("table", "wide", "json", "yaml")(command)


def _output(*forms: str) -> Callable[[Command], Command]:
    return click.option(
        "-o",
        "--output",
        type=click.Choice(forms),
        default="table",
        show_default=True,
        help="Form of the result.",
    )


def quiet_option(command: Command) -> Command:
    """The option ``-q`` of every command that lists resources."""
    return click.option("-q", "--quiet", is_flag=True, help="Print the ids alone.")(command)


def emit(document: Any, output: str) -> None:
    """Print one document."""
    if output == "yaml":
        import yaml

        click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)
    else:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def emit_line(document: Any, output: str) -> None:
    """Print one of many documents: a line of JSON, or a document of a YAML stream."""
    if output == "yaml":
        click.echo("---")
        emit(document, output)
    else:
        click.echo(json.dumps(document, ensure_ascii=False))


def age(moment: int | None) -> str:
    """How long ago a moment (UTC milliseconds) was, by this machine's clock, in its largest unit: ``3m``."""
    if moment is None:
        return ""
    seconds = max(0, int(time.time() - moment / 1000))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def emit_rows(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print a table."""
    for line in table(columns, rows):
        click.echo(line)


def table(columns: Sequence[str], rows: Iterable[Row]) -> list[str]:
    """Lines of a table: columns two spaces apart, as wide as their longest cell; unknown values are empty."""
    cells = [list(columns), *([plain(value) for value in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    if not coloured(sys.stdout):
        return lines
    states = [index for index, column in enumerate(columns) if column in ("STATE", "AGENT", "HEALTH", "RESULT")]
    return [lines[0], *(_paint(row, widths, states) for row in cells[1:])]


def coloured(stream: IO[str]) -> bool:
    """True if colours may go there: a terminal, unless NO_COLOR (https://no-color.org) is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def plain(value: object) -> str:
    """The text of a cell. Names and messages come from others: a control character must not reach the terminal."""
    if value is None:
        return ""
    return "".join(char if char.isprintable() else "?" for char in str(value))


def _paint(row: list[str], widths: list[int], states: list[int]) -> str:
    painted = []
    for index, (text, width) in enumerate(zip(row, widths, strict=True)):
        cell = text.ljust(width)
        if index in states and text:
            cell = click.style(text, fg=COLOURS.get(text, "yellow")) + cell[len(text) :]
        painted.append(cell)
    return "  ".join(painted).rstrip()
