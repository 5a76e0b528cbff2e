# SPDX-License-Identifier: Apache-2.0
"""The command ``orca volumes``: the volumes of a project, where each is, and who mounts it."""

from __future__ import annotations

import re
from collections import defaultdict

import click

from orca.cli import find
from orca.cli.client import Client, Resource
from orca.cli.output import emit, emit_rows, output_option, quiet_option

COLUMNS = ("ID", "NAME", "STATE", "DRIVER", "HOST", "MOUNTED BY", "FAILED")
ANONYMOUS = re.compile("[0-9a-f]{64}")
"""The names of volumes that nobody named."""
SHARED = "any"
"""What is shown for the host of a volume whose data is on no host: every host can have it."""


@click.command()
@click.option("-a", "--all", "everything", is_flag=True, help="Also folders of hosts, and volumes without a name.")
@click.option("--unused", is_flag=True, help="Only those that no container mounts; `orca rm` removes them.")
@output_option
@quiet_option
@click.pass_context
def volumes(ctx: click.Context, everything: bool, unused: bool, output: str, quiet: bool) -> None:
    """List the volumes, each with the host that its data is on.

    A volume without a host was not mounted yet, or (`any`) several hosts reach its data.
    """
    client = Client.of(ctx)
    found = [
        volume
        for volume in client.list(client.in_project("volumes"), instanceId_null="true")
        if everything or not (volume.get("isHostPath") or ANONYMOUS.fullmatch(volume.get("name") or ""))
    ]
    mounted = _mounted(client) if unused or (output == "table" and not quiet) else {}
    if unused:
        found = [volume for volume in found if volume["id"] not in mounted]
    if quiet:
        for volume in found:
            click.echo(volume["id"])
    elif output != "table":
        emit(found, output)
    else:
        hosts = {each["id"]: find.name_of(each) for each in client.list(client.in_project("hosts"))}
        emit_rows(COLUMNS, (_row(volume, hosts, mounted) for volume in found))


def _row(volume: Resource, hosts: dict[str, str], mounted: dict[str, list[str]]) -> tuple[str | None, ...]:
    host = hosts.get(volume.get("hostId") or "", volume.get("hostId"))
    if host is None and volume["state"] != "requested":
        host = SHARED
    failed = volume.get("transitioningMessage") if volume.get("transitioning") == "error" else None
    names = ", ".join(sorted(mounted.get(volume["id"], ())))
    return volume["id"], volume.get("name"), volume["state"], volume.get("driver"), host, names, failed


def _mounted(client: Client) -> dict[str, list[str]]:
    """The names of the containers that mount each volume, by its id."""
    names = {each["id"]: find.name_of(each) for each in client.list(client.in_project("containers"))}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for mount in client.list(client.in_project("mounts")):
        if mount.get("removed") is None:
            found[mount["volumeId"]].append(names.get(mount["instanceId"], str(mount["instanceId"])))
    return found
