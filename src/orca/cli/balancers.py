# SPDX-License-Identifier: Apache-2.0
"""The command that shows what balancers did, target by target."""

from __future__ import annotations

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.errors import CommandError
from orca.cli.options import names_argument
from orca.cli.output import emit, emit_rows, output_option

COLUMNS = ("CONTAINER", "BACKEND", "TARGET", "STATE", "SESSIONS", "REQUESTS", "ERRORS", "IN", "OUT")


@click.command()
@names_argument("service", required=False)
@output_option
@click.pass_context
def balancers(ctx: click.Context, names: tuple[str, ...], output: str) -> None:
    """Show what the targets of balancers did since each container of the balancer began with them.

    Without names: all balancers of the project. IN and OUT are bytes from and to clients.
    """
    client = Client.of(ctx)
    services = find.many(client, names, ("service",)) if names else list(client.list(client.in_project("services")))
    chosen = [service for service in services if "stats" in service["links"]]
    for other in services if names else ():
        if other not in chosen:
            raise CommandError(f"{find.name_of(other)} is of type {other['type']}; balancers are loadBalancerService")
    answers = [client.request("GET", service["links"]["stats"]) for service in chosen]
    if output != "table":
        emit(answers, output)
        return
    targets = [target for answer in answers for target in answer["targets"]]
    emit_rows(COLUMNS, (_row(target) for target in targets))
    for silent in (each for answer in answers for each in answer["unanswered"]):
        click.echo(f"{silent['container']}: {silent['reason']}", err=True)


def _row(target: Resource) -> tuple[object, ...]:
    figures = ("container", "backend", "target", "state", "sessions", "requests", "errors", "bytesIn", "bytesOut")
    return tuple(target.get(figure) for figure in figures)
