# SPDX-License-Identifier: Apache-2.0
"""The truth about containers: what agents see on their hosts, into the rows.

Docker is right about what happened: a container that died or was removed is shown so at once, and one that nobody asked
for is imported as a native container, which is only followed. The rows are right about what should be: a container that
the platform stopped or removed and that runs all the same goes back, and one whose policy is to run always is started
when its agent comes back without it. While a process works on a container, its outcome counts, not what passes by.
"""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import msgspec

from orca import wire
from orca.engine import AgentConnection, AgentGone, Behaviour, CommandFailed, Services
from orca.network import Delivery, addresses
from orca.network import ports as network_ports
from orca.orchestration import health
from orca.orchestration.containers import start_removal
from orca.orchestration.lifecycle import gone
from orca.provision import labels
from orca.provision.hosts import CONNECTED
from orca.store import ANY, Record, Tx
from orca.wire import names

log = logging.getLogger(__name__)

behaviour = Behaviour()

STATES = {"running": "running", "created": "stopped", "stopped": "stopped"}
SETTLED = frozenset({"running", "stopped"})
"""States in which no process is under way and the host's word counts."""
ALWAYS = frozenset({"always", "unless-stopped"})
"""Restart policies under which a container runs until the platform stops it."""
UNDO_SECONDS = 10
"""Until a container that should not run is killed."""


class Undo(NamedTuple):
    """The command that takes back what happened to a container of ours on its host."""

    command: str
    uuid: str


@behaviour.agent(names.CONTAINER_CHANGE)
async def container_change(services: Services, connection: AgentConnection, data: dict[str, Any]) -> None:
    """Something happened to one container."""
    report = msgspec.convert(data, wire.Container)

    def unit(tx: Tx) -> Undo | None:
        host = tx.first("host", agentId=connection.agent_id)
        return None if host is None else observe(tx, services, host, report)

    undo = await services.db.write(unit)
    if undo is not None:
        services.spawn(take_back(connection, undo))


@behaviour.agent(names.HELLO)
async def hello(services: Services, connection: AgentConnection, data: dict[str, Any]) -> None:
    """An agent is back: compare what should be on its host with what is."""
    facts = msgspec.convert(data, wire.Hello)

    def unit(tx: Tx) -> list[Undo]:
        host = tx.first("host", agentId=connection.agent_id)
        if host is None:
            return []
        undone = compare(tx, services, host, facts.containers)
        # Only now is anything placed there: what runs there has its addresses.
        tx.update(host, agentState=CONNECTED)
        return undone

    for undo in await services.db.write(unit):
        services.spawn(take_back(connection, undo))


def compare(tx: Tx, services: Services, host: Record, reports: list[wire.Container]) -> list[Undo]:
    """Bring every row of a host in line with a complete list; returns what is to be taken back there."""
    found = (observe(tx, services, host, report, away=True) for report in reports)
    undone = [undo for undo in found if undo is not None]
    present = {report.uuid for report in reports} | {report.external_id for report in reports}
    for instance in tx.find("instance", hostId=host.id):
        known = instance.uuid in present or instance.externalId in present
        if not known and instance.state in SETTLED:
            _removed(tx, services, instance)
    return undone


def observe(tx: Tx, services: Services, host: Record, report: wire.Container, *, away: bool = False) -> Undo | None:
    """Bring one row in line with a report; returns what is to be taken back on the host.

    `away`: the agent was, and tells now what it finds.
    """
    if report.system:
        return None
    if report.uuid:
        instance = tx.first("instance", uuid=report.uuid, removed=ANY)
        if instance is not None and instance.hostId not in (None, host.id):
            # A container copied to another host keeps the labels of the original; it is nobody's.
            instance = None
        elif instance is not None and instance.removed is not None:
            return Undo(names.REMOVE, instance.uuid) if report.state != "removed" else None
    else:
        instance = None
    if instance is None:
        # Also one of ours that this database does not know: it was made after the backup that was restored.
        instance = tx.first("instance", hostId=host.id, externalId=report.external_id)
    if instance is None:
        if report.state != "removed":
            _import(tx, host, report)
        return None
    return _follow(tx, services, instance, report, away=away)


def _follow(tx: Tx, services: Services, instance: Record, report: wire.Container, *, away: bool) -> Undo | None:
    seen = {"state": report.state, "started": report.started_at, "exitCode": report.exit_code}
    if instance.state not in SETTLED:
        tx.update(instance, data={"lastSeen": seen})
        return None
    if report.state == "removed":
        _removed(tx, services, instance)
        return None
    _locate(tx, instance, report)
    state = STATES[report.state]
    if state == instance.state:
        return None
    if state == "running" and not instance.nativeContainer and instance.exitCode is None:
        # It did not end by itself: the platform stopped it, and somebody started it by hand.
        return Undo(names.DEACTIVATE, instance.uuid)
    items = services.part(Delivery).items
    if state == "stopped":
        tx.update(instance, state="stopped", exitCode=report.exit_code)
        network_ports.close_ports(tx, items, instance.id)
        if away and not instance.nativeContainer and (instance.restartPolicy or {}).get("name") in ALWAYS:
            services.engine.request(tx, instance, "start")
        return None
    tx.update(
        instance,
        state="running",
        exitCode=None,
        firstRunning=instance.firstRunning or report.started_at,
        startCount=(instance.startCount or 0) + 1,
        transitioning=None,
        transitioningMessage=None,
        data={"started": report.started_at},
    )
    health.begin(tx, services, instance)
    if instance.primaryIpAddress:
        network_ports.open_ports(tx, items, instance, instance.primaryIpAddress)
    return None


def _removed(tx: Tx, services: Services, instance: Record) -> None:
    """Somebody removed the container on its host; one of ours goes through its processes, as v1 shows them."""
    if not instance.nativeContainer:
        tx.update(instance, data={"vanished": True})
        start_removal(tx, services.engine, instance)
        return
    gone(tx, services, instance)
    tx.update(instance, state="removed", removed=tx.now, removeTime=tx.now)


def _locate(tx: Tx, instance: Record, report: wire.Container) -> None:
    """A container that was not made here is where it says."""
    if instance.nativeContainer and report.address is not None:
        if instance.primaryIpAddress != report.address:
            tx.update(instance, primaryIpAddress=report.address)
        addresses.hold_address(tx, instance, report.address)


def _import(tx: Tx, host: Record, report: wire.Container) -> None:
    row = tx.insert(
        "container",
        kind="container",
        accountId=host.accountId,
        name=report.name,
        state=STATES[report.state],
        hostId=host.id,
        externalId=report.external_id,
        imageUuid=f"docker:{report.image}",
        nativeContainer=True,
        labels=report.labels,
        firstRunning=report.started_at,
        exitCode=report.exit_code,
        networkMode=None,
    )
    labels.follow(tx, row)
    _locate(tx, row, report)


async def take_back(connection: AgentConnection, undo: Undo) -> None:
    """Have the agent do it; what fails shows in its next hello."""
    data: dict[str, Any] = {"key": f"undo/{undo.uuid}", "uuid": undo.uuid}
    if undo.command == names.DEACTIVATE:
        data["timeout"] = UNDO_SECONDS
    try:
        await connection.request(undo.command, data)
    except (AgentGone, CommandFailed) as error:
        # The next hello lists it again.
        log.warning("%s of container %s, which should not be so, failed: %s", undo.command, undo.uuid, error)
