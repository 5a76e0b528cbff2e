# SPDX-License-Identifier: Apache-2.0
"""The command ``orca inspect``: everything the API says about a resource."""

from __future__ import annotations

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.errors import NotFoundError
from orca.cli.options import names_argument
from orca.cli.output import emit

TYPES = tuple(find.TYPES)


@click.command()
@names_argument(*TYPES)
@click.option(
    "-o", "--output", type=click.Choice(["json", "yaml"]), default="json", show_default=True, help="Form of the result."
)
@click.pass_context
def inspect(ctx: click.Context, names: tuple[str, ...], output: str) -> None:
    """Show resources with all fields, links and actions: any id of any type, or a name as other commands take it."""
    client = Client.of(ctx)
    found = [_one(client, name) for name in names]
    emit(found if len(found) > 1 else found[0], output)


def _one(client: Client, text: str) -> Resource:
    try:
        return find.one(client, text, TYPES)
    except NotFoundError:
        found = find.any_id(client, text) if find.looks_like_id(text) else None
        if found is None:
            raise
        return found
