# SPDX-License-Identifier: Apache-2.0
"""How results are printed: an aligned table for people, JSON or YAML documents for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

Row = Sequence[object]


def output_option(command: Command) -> Command:
    """The option `-o` of every command that prints resources."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(["table", "json", "yaml"]),
        default="table",
        show_default=True,
        help="Form of the result.",
    )(command)


def emit(document: Any, output: str) -> None:
    """Print one document."""
    if output == "yaml":
        import yaml

        click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)
    else:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def emit_rows(columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Print a table: columns two spaces apart, as wide as their longest cell, nothing for what is not known."""
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    for row in cells:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    # Names and messages come from others: a control character must not reach the terminal.
    return "".join(char if char.isprintable() else "?" for char in str(value))
