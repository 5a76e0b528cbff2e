# SPDX-License-Identifier: Apache-2.0
"""The command ``orca api``: any request, for scripts and for people who explore the API by its links."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from orca.cli.client import VERSION, Client, decoded
from orca.cli.output import emit


@click.command()
@click.argument("method", type=click.Choice(["GET", "POST", "PUT", "DELETE"], case_sensitive=False))
@click.argument("url")
@click.argument("fields", nargs=-1, metavar="[KEY=VALUE | KEY:=JSON]...")
@click.option("-d", "--data", metavar="JSON", help="Body; @FILE reads it from a file, - from standard input.")
@click.option("-i", "--include", "headers", is_flag=True, help="Print status and headers first, on standard error.")
@click.option(
    "-o", "--output", type=click.Choice(["json", "yaml"]), default="json", show_default=True, help="Form of the answer."
)
@click.pass_context
def api(
    ctx: click.Context,
    method: str,
    url: str,
    fields: tuple[str, ...],
    data: str | None,
    headers: bool,
    output: str,
) -> None:
    """Send one request and print the answer.

    URL is `hosts`, `hosts/1h1`, `hosts/1h1?action=deactivate` and so on in the chosen project, a full path such as
    `/v1/schemas`, or a link from an answer. Fields are filters of a GET, and the body of anything else:
    `orca api POST containers name=web imageUuid=docker:nginx tty:=true`.
    """
    method = method.upper()
    if fields and data is not None:
        raise click.UsageError("fields and --data exclude each other")
    given = dict(_field(text) for text in fields)
    client = Client.of(ctx)
    if "://" not in url and not url.startswith(("/", f"{VERSION}/", "v1/")):
        url = client.in_project(url)
    if method == "GET":
        response = client.send(method, url, _body(data), given or None)
    else:
        response = client.send(method, url, given or _body(data))
    if headers:
        click.echo(f"{response.status_code} {response.reason_phrase}", err=True)
        for name, value in response.headers.items():
            click.echo(f"{name}: {value}", err=True)
    emit(decoded(response, client.target), output)


def _field(text: str) -> tuple[str, Any]:
    """A field of the body: ``key=text``, or ``key:=json`` for other values than text."""
    key, equals, value = text.partition("=")
    if not equals or not key.rstrip(":"):
        raise click.UsageError(f"{text}: KEY=VALUE or KEY:=JSON is expected")
    if not key.endswith(":"):
        return key, value
    try:
        return key[:-1], json.loads(value)
    except ValueError as exc:
        raise click.UsageError(f"{text}: what follows := is not JSON: {exc}") from exc


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
