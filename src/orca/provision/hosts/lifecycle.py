# SPDX-License-Identifier: Apache-2.0
"""Hosts: made at their agent's first hello, updated by its facts, gone when removed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any

from orca import wire
from orca.engine import Behaviour, Core, Failed, Run, discard
from orca.network import Delivery, addresses, membership, peers
from orca.network.config import ConfigItems
from orca.network.ipam import PoolUsedUp, RangeRefused
from orca.network.pki import BadRequest
from orca.provision.hosts import labels
from orca.provision.hosts import parts as host_parts
from orca.provision.hosts.agent_account import close_account, take_key
from orca.provision.projects.api import authority_of
from orca.provision.settings import values as settings
from orca.resources import rows
from orca.store import Overflow, ReadTx, Tx, Vault

CONNECTED = "active"
RECONNECTING = "reconnecting"
KIND = "docker"

behaviour = Behaviour()


class WrongHost(Exception):
    """The agent's credentials belong to another host than its hello names."""


def host_of(tx: Tx, core: Core, agent_id: int, hello: wire.Hello) -> rows.Host:
    """The host row of an agent, made at its first hello, with the facts of ``hello``.

    Raises:
        WrongHost: the host's uuid is not the one that registered, or is that of another host; the agent has no project.
    """
    agent = tx.require(rows.Agent, agent_id)
    if agent.registrationKey != hello.uuid:
        raise WrongHost(f"these credentials were given to host {agent.registrationKey}, not to {hello.uuid}")
    tx.update(agent, state="active", agentVersion=hello.agent_version, lastSeen=tx.now)
    take_key(tx, agent)
    try:
        host = tx.first(rows.Host, agentId=agent.id)
        if host is None:
            host = store_facts(tx, core, _create(tx, core, agent, hello), hello)
            core.engine.request(tx, host, "create")
        else:
            host = store_facts(tx, core, host, hello)
            if host.liveness is not None or host.fenced:
                tx.update(host, liveness=None, livenessReason=None, livenessSince=None, fenced=None)
    except host_parts.Foreign as error:
        raise WrongHost(f"{error}: give this host another identity and register it") from error
    return host


def _create(tx: Tx, core: Core, agent: rows.Agent, hello: wire.Hello) -> rows.Host:
    account_id = agent.agentResourcesAccountId
    if account_id is None:
        raise WrongHost(f"agent {agent.uuid} was made for no project")
    host_parts.free_uuid(tx, rows.Host, hello.uuid)
    machine = host_parts.machine_below(tx, core, agent, account_id, hello.uuid, kind=KIND)
    return tx.insert(
        rows.Host,
        uuid=hello.uuid,
        kind=KIND,
        accountId=account_id,
        agentId=agent.id,
        physicalHostId=machine.id,
        name=hello.hostname or hello.uuid,
        labels={},
    )


def store_facts(tx: Tx, core: Core, host: rows.Host, facts: wire.HostFacts) -> rows.Host:
    """Store the facts that an agent reports; the caller then tells the peers of a new outer address or key."""
    changes: dict[str, Any] = {}
    if facts.hostname:
        changes["hostname"] = facts.hostname
    if facts.addresses:
        changes["agentIpAddress"] = facts.addresses[0]
    if isinstance(facts, wire.Hello) and facts.mesh_csr:
        changes["meshCsr"] = facts.mesh_csr
    if isinstance(facts, wire.Hello):
        changes["families"] = facts.families or None
    if facts.encryption:
        changes["encryption"] = facts.encryption
    info = _info(facts)
    if info:
        changes["info"] = {**(host.info or {}), **info}
    host = tx.update(host, **changes)
    host_parts.equip(tx, core, host, host.agentIpAddress, kind=KIND)
    if addresses.range_of(tx, host.id) is not None:
        connect(tx, core.part(Delivery).items, core.vault, host)
    return tx.own(host)


def connect(tx: Tx, items: ConfigItems, vault: Vault, host: rows.Host) -> None:
    """Make the host part of its project's network: range and certificate. ``peers.acquaint`` does the rest.

    Raises:
        PoolUsedUp: there is no range left.
        RangeRefused: the network has no ranges of the size that new hosts get.
        BadRequest: the host's certificate request cannot be signed.
    """
    network = addresses.network_of(tx, host.accountId)
    subnet = addresses.allocate_range(tx, network, host, settings.number(tx, settings.HOST_PREFIX))
    images = {
        "net": settings.value(tx, settings.NET_IMAGE) or "",
        "dns": settings.value(tx, settings.DNS_IMAGE) or "",
        "haproxy": settings.value(tx, settings.HAPROXY_IMAGE) or "",
    }
    membership.join(tx, items, host, subnet, images)
    if host.meshCsr:
        membership.certify(tx, items, host, authority_of(vault, network))


async def watch_settings(core: Core) -> None:
    """Update the items of all hosts when the settings behind them change. Runs until cancelled."""
    items = core.part(Delivery).items

    def unit(tx: Tx, host_id: int) -> None:
        host = tx.get(rows.Host, host_id)
        if host is not None and host.removed is None and addresses.range_of(tx, host.id) is not None:
            connect(tx, items, core.vault, host)

    with core.db.bus.subscribe({"setting"}) as changes:
        while True:
            # Lost changes do no harm, because the unit reads the present values.
            with contextlib.suppress(Overflow):
                await changes.batch()
            for (host_id,) in await core.db.read(lambda tx: tx.values(rows.Host, "id")):
                await core.db.write(partial(unit, host_id=host_id))
                await peers.acquaint(core.db, items, host_id)


def forget(tx: Tx, core: Core, host: rows.Host) -> None:
    """Take a host out of the network and revoke its agent's credentials. Its containers are already gone."""
    membership.leave(tx, core.part(Delivery).items, host)
    host_parts.forget(tx, core.engine, host)
    labels.forget(tx, host)
    for type in (rows.LoadBalancerHostMap, rows.ClusterHostMap):
        discard(tx, *tx.find(type, hostId=host.id))
    agent = tx.get(rows.Agent, host.agentId)
    if agent is None:
        return
    close_account(tx, agent)
    if agent.state != "removing":
        discard(tx, agent)


@behaviour.process("host.create")
async def create_host(run: Run) -> None:
    """A new host joins the network; then it accepts containers."""
    await _join(run)


@behaviour.process("host.activate")
async def activate_host(run: Run) -> None:
    """Try again to join a host that got no range; other hosts need nothing.

    A removed host that was restored stays inactive: its agent and the keys of that went with it.
    """
    if await run.read(lambda tx: _is_deserted(tx, run.resource(tx, rows.Host))):
        message = "the agent of this host was removed with it: remove this host, then register it again"
        raise Failed(message, state="inactive")
    if await run.read(lambda tx: run.resource(tx, rows.Host).kind == KIND):
        await _join(run)


def _is_deserted(tx: ReadTx, host: rows.Host) -> bool:
    agent = tx.get(rows.Agent, host.agentId)
    return agent is not None and agent.removed is not None


async def _join(run: Run) -> None:
    delivery = run.core.part(Delivery)
    with delivery.together(run.resource_id):
        try:
            await run.step("join", lambda tx: connect(tx, delivery.items, run.core.vault, run.resource(tx, rows.Host)))
        except (PoolUsedUp, RangeRefused, BadRequest) as error:
            raise Failed(str(error), state="inactive") from error
        await peers.acquaint(run.core.db, delivery.items, run.resource_id)


def _info(facts: wire.HostFacts) -> dict[str, Mapping[str, Any]]:
    """The host's facts as v1 shows them in ``host.info``."""
    shown: dict[str, Mapping[str, Any]] = {}
    if facts.docker_version or facts.kernel or facts.os:
        shown["osInfo"] = {
            "dockerVersion": facts.docker_version,
            "kernelVersion": facts.kernel,
            "operatingSystem": facts.os,
        }
    if facts.cpu_count:
        shown["cpuInfo"] = {"count": facts.cpu_count}
    if facts.memory_bytes:
        shown["memoryInfo"] = {"memTotal": facts.memory_bytes // (1 << 20)}
    return shown
