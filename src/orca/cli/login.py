# SPDX-License-Identifier: Apache-2.0
"""Commands that remember how to reach servers: login, context."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from orca.cli import target as targets
from orca.cli.client import VERSION, Client
from orca.cli.errors import CommandError
from orca.cli.output import emit_rows


@click.command()
@click.argument("name", default="default")
@click.option("--access-key", metavar="KEY", help="Public half of an API key.  [env: ORCA_ACCESS_KEY]")
@click.pass_context
def login(ctx: click.Context, name: str, access_key: str | None) -> None:
    """Check that a key works and remember it under NAME; the secret half is read from ORCA_SECRET_KEY or asked for.

    Name the server with the global options: `orca --url URL --ca FILE login`.
    """
    wanted = targets.resolve(ctx.obj or {})
    access = access_key or wanted.access_key or click.prompt("Access key", err=True)
    known_secret = os.environ.get("ORCA_SECRET_KEY") if access_key else wanted.secret_key
    secret = known_secret or click.prompt("Secret key", hide_input=True, err=True)
    authority = str(Path(wanted.ca).resolve()) if wanted.ca else None
    chosen = replace(wanted, access_key=access, secret_key=secret, ca=authority)
    client = Client(chosen)
    client.request("GET", VERSION)
    client.in_project("hosts")
    targets.remember(targets.home(os.environ), name, chosen)
    click.echo(f"{name}: {chosen.url}, project {chosen.project}", err=True)


@click.command()
@click.argument("name", required=False)
def context(name: str | None) -> None:
    """List the remembered servers, or choose the one that commands use from now on."""
    directory = targets.home(os.environ)
    document = targets.read_contexts(directory)
    known = document["contexts"]
    if name is None:
        emit_rows(
            ("", "NAME", "URL", "PROJECT"),
            (
                ("*" if each == document["current"] else "", each, known[each]["url"], known[each]["project"])
                for each in sorted(known)
            ),
        )
        return
    if name not in known:
        raise CommandError(f"no context named {name} (known: {', '.join(sorted(known)) or 'none'})")
    document["current"] = name
    targets.write_contexts(directory, document)
