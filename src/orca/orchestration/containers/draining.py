# SPDX-License-Identifier: Apache-2.0
"""How a container behind balancers ends: it leaves names and balancers, its connections end, and then it is stopped.

A container that is behind no balancer waits for nothing. No wait is without a limit, and hosts whose agents are away
are passed over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from orca import wire
from orca.engine import CommandFailed, CommandTimeout, Failed, Run
from orca.hoststate.plan.items import TARGETS
from orca.orchestration.news import Follower, Newsroom
from orca.orchestration.placement import marks
from orca.orchestration.syntax.labels import DEFAULT_DRAIN_SECONDS, DRAIN_SECONDS, MOST_DRAIN_SECONDS, number
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.store import ReadTx
from orca.wire import names

CONFIRM_SECONDS = 2.0
"""Seconds in which hosts confirm that their balancers send a container nothing new."""
SENDING = "balancers that send requests to it"
GRACE_SECONDS = 5.0
"""Seconds that an agent may answer later than the limit that it was given."""


class Withdrawal:
    """Those who tell hosts which containers get requests."""

    def __init__(self, newsroom: Newsroom, followers: Iterable[Follower]) -> None:
        self._newsroom = newsroom
        self._followers = tuple(followers)

    async def written(self) -> None:
        """Return when what was committed before the call is in the config items of all hosts."""
        await asyncio.gather(*(self._newsroom.acted(each) for each in self._followers))


async def drain(run: Run) -> None:
    """Let the connections of the process's container end, as far as they come from balancers. Its state says already
    that it is about to stop.
    """
    balancers = await _balancers(run)
    if not balancers:
        return
    try:
        await run.wait_for(
            "hosts to take it out of balancers",
            partial(_confirmed, balancers=balancers),
            roots={"configItemStatus", "host"},
            timeout=CONFIRM_SECONDS,
        )
    except Failed as error:
        run.log(f"{error}; it is stopped all the same")
    instance = await run.read(lambda tx: run.resource(tx, rows.Instance))
    seconds = number(instance.labels, DRAIN_SECONDS, DEFAULT_DRAIN_SECONDS, MOST_DRAIN_SECONDS)
    places = {each["uuid"]: each["agentId"] for each in balancers}
    if seconds:
        await asyncio.gather(
            *(_end_connections(run, uuid, agent_id, instance.uuid, seconds) for uuid, agent_id in places.items())
        )


async def _balancers(run: Run) -> list[dict[str, Any]]:
    """The balancers that send requests to the process's container, as ``_sending`` describes them."""
    if run.has(SENDING):
        return await run.step(SENDING, lambda tx: list[dict[str, Any]]())  # done before a crash
    near = await run.read(lambda tx: _before(tx, run.resource(tx, rows.Instance)))
    if not near:
        return near
    await run.core.part(Withdrawal).written()
    found = await run.read(lambda tx: _sending(tx, run.resource(tx, rows.Instance), near))
    # Kept, as after a crash of the server no agent is there at first.
    return await run.step(SENDING, lambda tx: found) if found else found


async def _end_connections(run: Run, balancer: str, agent_id: int, target: str, seconds: int) -> None:
    """Wait until a target has no connection in one balancer, or the limit is over."""
    order = {"instance": balancer, "target": target, "timeout": seconds * 1000}
    try:
        await run.command(
            agent_id,
            names.DRAIN,
            order,
            timeout=seconds + GRACE_SECONDS,
            patience=seconds,
            step=f"{names.DRAIN} {balancer}",
            form=wire.Drained,
        )
    except (CommandFailed, CommandTimeout) as error:
        run.log(f"balancer {balancer}: {error}; it is stopped all the same")


def _before(tx: ReadTx, instance: rows.Instance) -> list[dict[str, Any]]:
    """The balancers' containers that may send requests to a container, on hosts whose agents are there."""
    services = {id for (id,) in tx.values(rows.ServiceExposeMap, "serviceId", instanceId=instance.id)}
    linked = tx.values(rows.ServiceConsumeMap, "serviceId", consumedServiceId=services) if services else []
    consumers = {id for (id,) in linked}
    found = tx.find(rows.Instance, serviceId=consumers, systemContainer=marks.BALANCER) if consumers else []
    hosts = {row.hostId for row in found if row.hostId is not None and row.id != instance.id}
    agents = {host.id: host.agentId for host in tx.find(rows.Host, id=hosts, agentState=CONNECTED)} if hosts else {}
    return [{"uuid": row.uuid, "agentId": agents[row.hostId]} for row in found if row.hostId in agents]


def _sending(tx: ReadTx, instance: rows.Instance, balancers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the balancers that have a container among their targets: each item, with the version to confirm."""
    name = tx.table(rows.ConfigItemStatus).c.name
    found = []
    for each in balancers:
        first = TARGETS.item(each["uuid"], "")
        query = tx.query(rows.ConfigItemStatus).where(name >= first, name < f"{first[:-1]}0")  # "0" follows "/"
        for row in tx.rows(rows.ConfigItemStatus, query):
            if row.description is not None and instance.uuid in row.description["targets"]:
                found.append({**each, "hostId": row.hostId, "item": row.id, "version": row.requestedVersion})
    return found


def _confirmed(tx: ReadTx, balancers: Sequence[dict[str, Any]]) -> bool:
    """True if each host has the items that it should have, or its agent is away."""
    versions = {
        row.id: row.appliedVersion or 0
        for row in tx.find(rows.ConfigItemStatus, id=[each["item"] for each in balancers])
    }
    late = {each["hostId"] for each in balancers if versions.get(each["item"], each["version"]) < each["version"]}
    return not late or not tx.count(rows.Host, id=late, agentState=CONNECTED)
