# SPDX-License-Identifier: Apache-2.0
"""The command `orca api`: any request, for scripts and for people who explore the API by its links."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from orca.cli.client import VERSION, Client
from orca.cli.output import emit


@click.command()
@click.argument("method", type=click.Choice(["GET", "POST", "PUT", "DELETE"], case_sensitive=False))
@click.argument("path")
@click.option("-d", "--data", metavar="JSON", help="Body; @FILE reads it from a file, - from standard input.")
@click.option(
    "-o", "--output", type=click.Choice(["json", "yaml"]), default="json", show_default=True, help="Form of the answer."
)
@click.pass_context
def api(ctx: click.Context, method: str, path: str, data: str | None, output: str) -> None:
    """Send one request and print the answer.

    PATH is `hosts`, `hosts/1h1` and so on in the chosen project, a full path such as `/v1/schemas`, or a link from an
    answer.
    """
    client = Client.of(ctx)
    if "://" not in path and not path.startswith(("/", f"{VERSION}/", "v1/")):
        path = client.in_project(path)
    emit(client.request(method.upper(), path, _body(data)), output)


def _body(data: str | None) -> object:
    if data is None:
        return None
    try:
        body: object = json.loads(_text(data))
    except OSError as exc:
        raise click.UsageError(f"cannot read {data}: {exc}") from exc
    except ValueError as exc:
        raise click.UsageError(f"the body is not JSON: {exc}") from exc
    return body


def _text(data: str) -> str:
    if data == "-":
        return sys.stdin.read()
    return Path(data[1:]).read_text() if data.startswith("@") else data
