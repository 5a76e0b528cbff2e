# SPDX-License-Identifier: Apache-2.0
"""The command ``orca processes``: what the server is doing, what it waits for, and the log of each attempt."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from orca.cli.client import Client, Resource
from orca.cli.options import names_argument
from orca.cli.output import emit, emit_rows, output_option, plain, quiet_option

COLUMNS = ("ID", "PROCESS", "RESOURCE", "PHASE", "RESULT", "STARTED", "PROGRESS", "WAITS FOR")


@click.command()
@names_argument(required=False)
@click.option("-a", "--all", "everything", is_flag=True, help="Also processes that ended.")
@output_option
@quiet_option
@click.pass_context
def processes(ctx: click.Context, names: tuple[str, ...], everything: bool, output: str, quiet: bool) -> None:
    """List what the server is doing, with the reason of each wait; with ids of processes, show these and their logs."""
    client = Client.of(ctx)
    if names:
        _details(client, names, output)
        return
    filters = {} if everything else {"endTime_null": "true"}
    found = list(client.list(client.in_project("processinstances"), **filters))
    if quiet:
        click.echo("\n".join(process["id"] for process in found), nl=bool(found))
    elif output == "table":
        emit_rows(COLUMNS, map(_row, found))
    else:
        emit(found, output)


def _details(client: Client, names: tuple[str, ...], output: str) -> None:
    shown = []
    for name in names:
        process: Resource = client.request("GET", client.in_project(f"processinstances/{name}"))
        log = list(client.list(client.in_project("processexecutions"), processInstanceId=name))
        shown.append({**process, "processExecutions": log})
    if output != "table":
        emit(shown if len(shown) > 1 else shown[0], output)
        return
    for process in shown:
        emit_rows(COLUMNS, [_row(process)])
        for execution in process["processExecutions"]:
            for entry in (execution.get("log") or {}).get("entries") or []:
                at = datetime.fromtimestamp(entry["time"] / 1000, UTC).isoformat(timespec="milliseconds")
                click.echo(f"  {at.removesuffix('+00:00')}Z  {plain(entry.get('message'))}")


def _row(process: Resource) -> tuple[object, ...]:
    progress = process.get("progress")
    return (
        process["id"],
        process["processName"],
        f"{process['resourceType']} {process['resourceId']}",
        process.get("phase"),
        process.get("exitReason") or process.get("result"),
        process.get("startTime"),
        None if progress is None or process.get("endTime") else f"{progress} %",
        None if process.get("endTime") else process.get("waiting"),
    )
