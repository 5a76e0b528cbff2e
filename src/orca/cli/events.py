# SPDX-License-Identifier: Apache-2.0
"""The command ``orca events``: changes as they happen; no cut loses any (docs/api.md, "Events")."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import click

from orca.cli.client import Client
from orca.cli.errors import CommandError
from orca.cli.output import emit_line, output_option, plain
from orca.cli.reader import streamed
from orca.cli.sockets import Again, Cut, Ended, frames, opened

CHANGE = "resource.change"
EXPIRED = "resume.expired"


@click.command()
@click.option(
    "--type", "types", metavar="TYPE", multiple=True, help="Only of this type, such as container; may repeat."
)
@click.option("--resume", metavar="CURSOR", help="Begin after the event with this `cursor` (of -o json).")
@output_option
@click.pass_context
def events(ctx: click.Context, types: tuple[str, ...], resume: str | None, output: str) -> None:
    """Follow changes in the project until interrupted: one line, or one document, per change."""
    streamed(_print_changes(Client.of(ctx), frozenset(types), resume, output))


async def _print_changes(client: Client, types: frozenset[str], cursor: str | None, output: str) -> None:
    target = client.target
    base = await asyncio.to_thread(client.in_project, "subscribe")
    url = f"{target.url}/{base}".replace("http", "ws", 1)
    headers = {
        "Authorization": "Basic " + base64.b64encode(f"{target.access_key}:{target.secret_key}".encode()).decode()
    }
    again = Again(_say)
    while True:
        query: dict[str, str] = {"eventNames": CHANGE, **({"resume": cursor} if cursor else {})}
        try:
            async with opened(target, f"{url}?{urlencode(query)}", headers if target.access_key else None) as socket:
                async for frame in frames(socket):
                    event = json.loads(frame)
                    again.came()
                    cursor = event.get("cursor") or cursor
                    if event["name"] == EXPIRED:
                        _say("too many changes were missed: list again what matters")
                        cursor = None
                    elif event["name"] == CHANGE and (not types or event["resourceType"] in types):
                        _show(event, output)
        except (Ended, Cut, CommandError) as exc:
            await again.after(Cut(str(exc)) if isinstance(exc, Ended) else exc)


def _show(event: dict[str, Any], output: str) -> None:
    if output != "table":
        emit_line(event, output)
        return
    resource = event["data"]["resource"]
    at = datetime.fromtimestamp(event["time"] / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    name = resource.get("name") or resource.get("hostname") or resource.get("processName") or ""
    message = resource.get("transitioningMessage") if resource.get("transitioning") in ("yes", "error") else None
    state = resource.get("state") or resource.get("phase") or ""
    text = f"{at}  {event['resourceType']:<18}  {event['resourceId']:<8}  {name}  {state}"
    click.echo(plain(f"{text}{f'  ({message})' if message else ''}"))


def _say(text: str) -> None:
    click.echo(f"orca: {text}", err=True)
