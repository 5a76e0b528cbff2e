# SPDX-License-Identifier: Apache-2.0
"""Commands that show what there is: hosts, stacks, containers, processes."""

from __future__ import annotations

from collections.abc import Iterable

import click

from orca.cli.client import VERSION, Client, Resource
from orca.cli.output import emit, emit_rows, output_option


@click.command()
@output_option
@click.pass_context
def hosts(ctx: click.Context, output: str) -> None:
    """List the hosts with their agent's state and outer address."""
    client = Client.of(ctx)
    found = list(client.list(client.in_project("hosts")))
    if output != "table":
        emit(found, output)
        return
    emit_rows(
        ("ID", "NAME", "STATE", "AGENT", "ADDRESS", "LABELS", "FAILED"),
        (
            (
                host["id"],
                host.get("name") or host.get("hostname"),
                host["state"],
                host.get("agentState"),
                host.get("agentIpAddress"),
                " ".join(f"{key}={value}" for key, value in sorted((host.get("labels") or {}).items())),
                _reason(host),
            )
            for host in found
        ),
    )


@click.command()
@output_option
@click.pass_context
def stacks(ctx: click.Context, output: str) -> None:
    """List the stacks with their services."""
    client = Client.of(ctx)
    found = list(client.list(client.in_project("environments")))
    if output != "table":
        emit(found, output)
        return
    services = list(client.list(client.in_project("services")))
    emit_rows(
        ("ID", "NAME", "STATE", "SERVICES", "FAILED"),
        (
            (stack["id"], stack["name"], stack["state"], _services_of(stack, services), _reason(stack))
            for stack in found
        ),
    )


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Also what is not running.")
@output_option
@click.pass_context
def ps(ctx: click.Context, everything: bool, output: str) -> None:
    """List the containers, on whichever host they run."""
    client = Client.of(ctx)
    found = [
        container
        for container in client.list(client.in_project("containers"))
        if everything or container["state"] not in ("stopped", "error")
    ]
    if output != "table":
        emit(found, output)
        return
    names = {host["id"]: host.get("name") or host.get("hostname") for host in client.list(client.in_project("hosts"))}
    emit_rows(
        ("ID", "NAME", "STATE", "IMAGE", "ADDRESS", "HOST", "PORTS", "FAILED"),
        (
            (
                container["id"],
                container.get("name"),
                container["state"],
                str(container.get("imageUuid") or "").removeprefix("docker:"),
                container.get("primaryIpAddress"),
                names.get(container.get("hostId"), container.get("hostId")),
                " ".join(str(port) for port in container.get("ports") or []),
                _reason(container),
            )
            for container in found
        ),
    )


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Also those that ended.")
@output_option
@click.pass_context
def processes(ctx: click.Context, everything: bool, output: str) -> None:
    """List what the server is doing, with the reason of each wait."""
    client = Client.of(ctx)
    filters = {} if everything else {"endTime_null": "true"}
    found = list(client.list(f"{VERSION}/processinstances", **filters))
    if output != "table":
        emit(found, output)
        return
    emit_rows(
        ("ID", "PROCESS", "RESOURCE", "PHASE", "RESULT", "STARTED", "WAITS FOR"),
        (
            (
                process["id"],
                process["processName"],
                f"{process['resourceType']} {process['resourceId']}",
                process.get("phase"),
                process.get("exitReason") or process.get("result"),
                process.get("startTime"),
                process.get("waitingFor"),
            )
            for process in found
        ),
    )


def _reason(resource: Resource) -> str | None:
    """Why the last process on it failed; nothing when it did not."""
    return resource.get("transitioningMessage") if resource.get("transitioning") == "error" else None


def _services_of(stack: Resource, services: Iterable[Resource]) -> str:
    return " ".join(
        f"{service['name']}:{service['state']}({service.get('scale')})"
        for service in services
        if service.get("environmentId") == stack["id"]
    )
