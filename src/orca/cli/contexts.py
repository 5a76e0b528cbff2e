# SPDX-License-Identifier: Apache-2.0
"""The commands ``orca context …``: the servers that are remembered, and which of them commands use."""

from __future__ import annotations

import os

import click

from orca.cli import target as targets
from orca.cli.completion import context_names
from orca.cli.login import end_key, trusting
from orca.cli.output import emit, emit_rows, output_option


@click.group()
def context() -> None:
    """The servers that are remembered; secrets are kept in $ORCA_HOME/config, readable by its owner only."""


@context.command()
@output_option
def ls(output: str) -> None:
    """List the contexts; the current one has a star."""
    document = targets.read_contexts(targets.home(os.environ))
    contexts, current = document["contexts"], document.get("current")
    if output != "table":
        shown = ("url", "project", "ca")
        emit([{"name": n, "current": n == current, **{k: contexts[n].get(k) for k in shown}} for n in contexts], output)
        return
    emit_rows(
        ("", "NAME", "URL", "PROJECT", "AUTHORITY"),
        (
            ("*" if name == current else "", name, each["url"], each.get("project"), each.get("ca"))
            for name, each in sorted(contexts.items())
        ),
    )


@context.command()
@click.argument("name", shell_complete=context_names)
def use(name: str) -> None:
    """Make NAME the server that commands use from now on."""
    targets.choose(targets.home(os.environ), name)


@context.command()
@click.argument("name", shell_complete=context_names)
def rm(name: str) -> None:
    """Forget NAME. A key that `orca login` made from a password is removed; a key that you gave stays valid."""
    directory = targets.home(os.environ)
    before = targets.remembered(directory, name)
    targets.forget(directory, name)
    end_key(before, directory, name)


@context.command()
@click.argument("name")
@click.option("--ca-fingerprint", metavar="SHA256", help="Trust the authority the server offers if this is its hash.")
@click.pass_context
def add(ctx: click.Context, name: str, ca_fingerprint: str | None) -> None:
    """Remember the global options and ORCA_* variables under NAME, without contacting the server.

    `orca login` does the same and checks that it works.
    """
    directory = targets.home(os.environ)
    wanted = targets.resolve(ctx.find_root().params)
    targets.remember(directory, name, trusting(wanted, directory, name, ca_fingerprint))
