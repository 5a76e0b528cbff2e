# SPDX-License-Identifier: Apache-2.0
"""Read a command line of `orca` with the program's own commands: is there such a command, with such options?"""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from orca.cli.root import cli

PLACEHOLDER = re.compile(r"[A-Z_]+")


def plain(words: Sequence[str]) -> list[str]:
    """The words of a synopsis as somebody would type them: all that may be given is given, once."""
    bare = (word.strip("[]").removesuffix("…") for word in words)
    return [word for word in bare if word]


def check(words: Sequence[str], *, synopsis: bool = False) -> None:
    """Read the words behind `orca`. Nothing is run, and no file or value is looked for.

    `synopsis`: the words only name the command, as in "`orca up` again", so that arguments may be missing.

    Raises:
        click.UsageError: there is no such command, option or choice, or the number of arguments is wrong.
    """
    command, context, rest = cli, click.Context(cli, info_name="orca"), list(words)
    while True:
        if set(rest) & {"-h", "--help"}:
            rest = [word for word in rest if word not in ("-h", "--help")]
            synopsis = True
        rest = _options(command, context, rest, synopsis=synopsis)
        if not isinstance(command, click.Group) or not rest:
            break
        if PLACEHOLDER.fullmatch(rest[0]):
            return  # `orca COMMAND --help`
        below = command.get_command(context, rest[0])
        if below is None:
            raise click.UsageError(f"there is no command {rest[0]}", context)
        command, context, rest = (
            below,
            below.context_class(below, context, below.name, **below.context_settings),
            rest[1:],
        )
    if rest:
        raise click.UsageError(f"too many arguments: {' '.join(rest)}", context)


def _options(command: click.Command, context: click.Context, words: list[str], *, synopsis: bool) -> list[str]:
    given, rest, _ = command.make_parser(context).parse_args(list(words))
    for param in command.params:
        value = given.get(param.name)
        if param.required and param.value_is_missing(value) and not synopsis:
            raise click.UsageError(f"{param.get_error_hint(context)} is missing", context)
        if isinstance(param.type, click.Choice) and isinstance(value, str) and not PLACEHOLDER.fullmatch(value):
            param.type.convert(value, param, context)
    return rest
