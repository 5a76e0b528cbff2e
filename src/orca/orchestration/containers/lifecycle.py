# SPDX-License-Identifier: Apache-2.0
"""The life of a container: what create, start, stop, restart and remove do on its host."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from typing import Any

import msgspec

from orca import wire
from orca.engine import Behaviour, CommandFailed, Core, Failed, Run
from orca.network import Delivery, addresses
from orca.network import ports as network_ports
from orca.network.ipam import AddressRefused, PoolUsedUp
from orca.orchestration.containers import fences, sharers
from orca.orchestration.containers.describe import describe
from orca.orchestration.containers.draining import Withdrawal, drain
from orca.orchestration.containers.links import close_links, open_links
from orca.orchestration.containers.logs import log_config
from orca.orchestration.discovery.facts import sees_names
from orca.orchestration.discovery.worker import Discovery
from orca.orchestration.health import checks as health
from orca.orchestration.metadata.items import MetadataItems
from orca.orchestration.news import Newsroom
from orca.orchestration.placement import joined
from orca.orchestration.placement import place as placement
from orca.orchestration.placement.choose import NoHost
from orca.orchestration.units import units
from orca.provision.hosts import labels
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.storage import registries, volumes
from orca.store import ReadTx, Tx
from orca.wire import names

JOINED_SECONDS = 60.0
"""Seconds that a container waits for those whose network or volumes it joins."""
AGENT_SECONDS = 60.0
"""Seconds that a container without a place waits for a host whose agent is away."""
STOP_SECONDS = 10
"""Default seconds between SIGTERM and SIGKILL."""
MANY_LABELS = 100
IMPOSSIBLE = (joined.Missing, PoolUsedUp, AddressRefused, LookupError, volumes.VolumeProblem, placement.PortTaken)
"""What no wait would mend."""

behaviour = Behaviour()


@behaviour.process("instance.create")
async def create(run: Run) -> None:
    """Create a container: only decide whether a start follows. Its resources are taken when it starts."""

    def unit(tx: Tx) -> None:
        instance = run.resource(tx, rows.Instance)
        if instance.labels:
            labels.write_rows(tx, instance)
        if instance.startOnCreate is False:
            run.chain = None

    run.finish(unit)


@behaviour.process("instance.start")
async def start(run: Run) -> None:
    """Place the container, then have the host's agent run it; those that it joins come first."""
    await _activate(run, await _place_when_possible(run), names.ACTIVATE)


@behaviour.process("instance.restart")
async def restart(run: Run) -> None:
    """Stop and start it on the same host, with the same address; those that it joins come first."""
    place = await _place_when_possible(run)
    await drain(run)
    data = {"uuid": place["instance"]["uuid"], "timeout": run.data.get("timeout", STOP_SECONDS)}
    await run.command(place["agentId"], names.DEACTIVATE, data)
    await _activate(run, place, "activate again")


@behaviour.process("instance.stop")
async def stop(run: Run) -> None:
    """Withdraw its names, its requests and its ports, stop it on the host, then remove it if that was requested."""
    target = await run.read(lambda tx: _target(tx, run))
    if target is not None:
        await drain(run)
        agent_id, container = target
        grace = run.data.get("timeout")
        await run.command(
            agent_id, names.DEACTIVATE, {**container, "timeout": STOP_SECONDS if grace is None else grace}
        )

    def unit(tx: Tx) -> None:
        instance = run.resource(tx, rows.Instance)
        network_ports.close_ports(tx, run.core.part(Delivery).items, instance)
        close_links(tx, instance)
        volumes.detach(tx, tx.update(instance, answered=tx.now))
        if run.data.get("remove"):
            run.chain = "remove"

    run.finish(unit)


@behaviour.process("instance.remove")
async def remove(run: Run) -> None:
    """Remove it from the host; only the host's confirmation frees the address and the ports."""
    target, wide = await run.read(lambda tx: (_target(tx, run), _has_many_labels(run.resource(tx, rows.Instance))))
    if target is not None:
        agent_id, container = target
        await run.command(agent_id, names.REMOVE, container)
    if wide:
        await run.step("labels", lambda tx: labels.forget(tx, run.resource(tx, rows.Instance)))
    run.finish(lambda tx: gone(tx, run.core, run.resource(tx, rows.Instance)))


def _has_many_labels(instance: rows.Instance) -> bool:
    """True if the rows of its labels need a unit of their own. With those of many ports, it would be too long."""
    return len(instance.labels or {}) > MANY_LABELS


def gone(tx: Tx, core: Core, instance: rows.Instance) -> None:
    """Free the resources of a container that no longer exists. The caller sets its state."""
    network_ports.remove_ports(tx, core.part(Delivery).items, instance)
    sharers.part(tx, core.engine, instance)
    volumes.release(tx, core.engine, instance)
    units.release(tx, instance)
    labels.forget(tx, instance)
    health.end(tx, instance)


async def _place_when_possible(run: Run) -> dict[str, Any]:
    """Place the container, once those are there that it joins.

    If only a host whose agent is away could take it, that agent gets time to come back.
    """
    deadline = time.monotonic() + AGENT_SECONDS
    while True:
        try:
            return await run.step("place", lambda tx: _place_and_describe(tx, run))
        except joined.Awaited as error:
            try:
                await run.wait_for(str(error), partial(_joins, run=run), roots={"instance"}, timeout=JOINED_SECONDS)
            except (Failed, joined.Missing) as problem:
                raise await _not_placed(run, problem) from problem
        except NoHost as error:
            left = deadline - time.monotonic()
            if not error.later or left <= 0:
                raise await _not_placed(run, error) from error
            with contextlib.suppress(Failed):
                # After a wait in vain the next attempt fails with the full reason.
                await run.wait_for(str(error), partial(_back, host_ids=error.later), roots={"host"}, timeout=left)
        except IMPOSSIBLE as error:
            raise await _not_placed(run, error) from error


async def _not_placed(run: Run, error: Exception) -> Failed:
    """How a start without a place ends. A container that was to be restarted still runs."""
    if run.action == "restart":
        return Failed(str(error))
    return Failed(str(error), state="stopped", chain=await _after_failure(run))


def _joins(tx: ReadTx, run: Run) -> bool:
    """True if the containers are there that it joins. Raises ``Missing``."""
    return joined.awaited(tx, run.resource(tx, rows.Instance)) is None


def _back(tx: ReadTx, host_ids: tuple[int, ...]) -> bool:
    """True if one of these hosts has its agent again, or is not worth waiting for any more."""
    hosts = [tx.get(rows.Host, id) for id in host_ids]
    return any(host is None or host.state != "active" or host.agentState == CONNECTED for host in hosts)


def _place_and_describe(tx: Tx, run: Run) -> dict[str, Any]:
    """Place the container and describe it for the agent; JSON, stored with the step."""
    instance = run.resource(tx, rows.Instance)
    if instance.nativeContainer:
        raise Failed(f"{instance.name} was made with docker on its host and can only be started there")
    reason = joined.awaited(tx, instance)
    if reason is not None:
        raise joined.Awaited(reason)
    host = placement.place(tx, instance)
    tx.update(instance, lastSeen=None)
    binds, named_volumes = volumes.described(tx, instance)
    description = describe(
        instance,
        network_ports.ports_of(tx, instance),
        instance.primaryIpAddress,
        binds,
        named_volumes=named_volumes,
        log_config=log_config(tx, instance),
        owner=joined.owner_of(tx, instance),
        sources=joined.sources_of(tx, instance),
        fenced=fences.why(tx, instance) is not None,
    )
    return {
        "hostId": host.id,
        "agentId": host.agentId,
        "projectId": instance.accountId,
        "seesNames": sees_names(tx, instance),
        "credentialId": instance.registryCredentialId,
        "instance": wire.to_data(description),
    }


async def _activate(run: Run, place: dict[str, Any], step: str) -> None:
    delivery = run.core.part(Delivery)
    # Steps of an earlier version stored less.
    if place["instance"].get("balancer"):
        # Its host must know its listeners and targets before it listens.
        await run.core.part(Withdrawal).written()
        await delivery.flush(place["hostId"])
    elif place["instance"].get("address") and (
        place.get("seesNames", True) or run.core.part(Discovery).sees_all(place["projectId"])
    ):
        # The container's names, and what it is, must be on its host before it asks.
        newsroom = run.core.part(Newsroom)
        await asyncio.gather(newsroom.acted(run.core.part(Discovery)), newsroom.acted(run.core.part(MetadataItems)))
        await delivery.flush(place["hostId"])
    try:
        order = await _order(run, place)
        answer = await run.command(place["agentId"], names.ACTIVATE, order, step=step, form=wire.Activated)
    except CommandFailed as error:
        # A restart that fails leaves it stopped.
        raise Failed(
            error.message,
            state="stopped",
            chain=await _after_failure(run),
            unit=lambda tx: close_links(tx, run.resource(tx, rows.Instance)),
        ) from error
    reply = msgspec.convert(answer, wire.Activated)

    def unit(tx: Tx) -> None:
        instance = run.resource(tx, rows.Instance)
        again = instance.startCount is not None
        address = instance.primaryIpAddress or addresses.believable(
            tx, tx.require(rows.Host, instance.hostId), reply.address
        )
        tx.update(
            instance,
            externalId=reply.external_id,
            primaryIpAddress=address,
            firstRunning=instance.firstRunning or reply.started,
            startCount=(instance.startCount or 0) + 1,
            exitCode=None,
            started=reply.started,
            answered=tx.now,
        )
        seen = instance.lastSeen
        if seen is not None and seen["state"] == "stopped" and (seen["started"] or 0) >= reply.started:
            # It died before this unit recorded that it runs.
            tx.update(instance, exitCode=seen["exitCode"])
            run.chain = "stop"
            return
        if place.get("seesNames", True):
            open_links(tx, instance)
        health.begin(tx, run.core, instance, by_engine=reply.checked)
        if address is not None:
            network_ports.open_ports(tx, delivery.items, instance, address)
        if again:
            sharers.follow(tx, run.core.engine, instance)
        behind = sharers.left_behind(tx, instance)
        if behind is not None and run.data.get("behind") != behind:
            # Once for each start of the owner: more would not help where the host's clock was set back between them.
            run.chain, run.chain_data = "restart", {"behind": behind}

    run.finish(unit)


async def _order(run: Run, place: dict[str, Any]) -> dict[str, Any]:
    """The command for the agent. The registry's secret is added here, because steps are stored in clear."""
    instance, vault = place["instance"], run.core.vault
    if "credentialId" in place:
        credential_id = place["credentialId"]
    else:
        credential_id = await run.read(lambda tx: run.resource(tx, rows.Instance).registryCredentialId)
    if credential_id is not None:
        auth = await run.read(lambda tx: registries.authorization(tx, vault, credential_id))
        if auth is not None:
            instance = {**instance, "registryAuth": wire.to_data(auth)}
    return {"instance": instance}


async def _after_failure(run: Run) -> str | None:
    """Remove a container that never ran, keeping the reason on it (as in 2015); one that did run stays stopped."""
    return await run.read(lambda tx: "remove" if run.resource(tx, rows.Instance).firstRunning is None else None)


def _target(tx: ReadTx, run: Run) -> tuple[int, dict[str, Any]] | None:
    """The agent, and the names of the container there; None if it never had a host."""
    instance = run.resource(tx, rows.Instance)
    host = tx.get(rows.Host, instance.hostId)
    if host is None or host.agentId is None:
        return None
    named = {"uuid": instance.uuid}
    return host.agentId, {**named, "externalId": instance.externalId} if instance.nativeContainer else named
