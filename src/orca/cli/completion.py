# SPDX-License-Identifier: Apache-2.0
"""Completion in the shell: click completes commands and options; contexts, names and ids come from the server.

A key press must not wait long, and must never show an error: without a quick answer nothing is completed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, get_completion_class

TIMEOUT = 2.0  # seconds
SHELLS = ("bash", "zsh", "fish")

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete orca's commands, names and ids.

    bash: `source <(orca completion bash)` in ~/.bashrc. zsh: the same in ~/.zshrc. fish:
    `orca completion fish > ~/.config/fish/completions/orca.fish`.
    """
    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(ctx.find_root().command, {}, "orca", "_ORCA_COMPLETE").source())


def context_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The remembered servers."""
    from orca.cli import target
    from orca.cli.errors import CommandError

    try:
        contexts = target.read_contexts(target.home(os.environ))["contexts"]
    except CommandError:
        return []
    return [CompletionItem(name, help=each["url"]) for name, each in contexts.items() if name.startswith(incomplete)]


def things(*types: str) -> Completer:
    """A completer of names, and of ids once their first digit is typed, of resources of these types."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return _matching(ctx, types, incomplete)

    return complete


def projects(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The projects of the key."""
    return _matching(ctx, ("project",), incomplete)


def _matching(ctx: click.Context, types: Iterable[str], incomplete: str) -> list[CompletionItem]:
    from orca.cli.client import VERSION, Client
    from orca.cli.errors import CommandError
    from orca.cli.find import TYPES, name_of
    from orca.cli.target import resolve

    found = []
    try:
        client = Client(resolve(ctx.find_root().params), timeout=TIMEOUT)
        for type in types:
            url = f"{VERSION}/projects" if type == "project" else client.in_project(TYPES[type])
            found += [(type, resource) for resource in client.list(url)]
    except CommandError:
        return []
    by_id = incomplete[:1].isdigit()
    words = [
        (resource["id"] if by_id else name_of(resource), f"{type} {resource['state']}") for type, resource in found
    ]
    return [CompletionItem(word, help=text) for word, text in words if word.startswith(incomplete)]
