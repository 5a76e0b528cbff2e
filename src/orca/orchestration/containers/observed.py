# SPDX-License-Identifier: Apache-2.0
"""Bring rows of containers in line with what agents see on their hosts.

Docker is right about what happened: a container that died or was removed is shown so at once. A container that the
platform did not make is imported as a native one, which is only observed. The rows are right about what should be. A
container that runs although the platform stopped or removed it is stopped or removed again. One that should always run
is started when its agent comes back without it. While a process works on a container, its outcome counts, and reports
in between do not.

An agent reports only its own host: a report changes only rows of that host and its account.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from orca import wire
from orca.engine import AgentConnection, AgentGone, Behaviour, CommandFailed, Core, discard
from orca.network import Delivery, addresses
from orca.network import ports as network_ports
from orca.orchestration.containers import lost, native, sharers
from orca.orchestration.containers.api import start_removal
from orca.orchestration.containers.lifecycle import gone
from orca.orchestration.containers.links import close_links, open_links
from orca.orchestration.health import checks as health
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.storage import volumes
from orca.store import ANY, ReadTx, Tx
from orca.wire import names

log = logging.getLogger(__name__)

behaviour = Behaviour()

STATES = {"running": "running", "created": "stopped", "stopped": "stopped"}
SETTLED = frozenset({"running", "stopped"})
"""States in which no process is under way and the host's report counts."""
ALWAYS = frozenset({"always", "unless-stopped"})
"""Restart policies under which a container runs until the platform stops it."""
UNIT_CONTAINERS = 50
"""Most differences that one unit writes."""
WAIT_MS = 60_000
"""How long a report may wait behind others until it is taken."""
UNDO_SECONDS = 10
"""Seconds until a container that should not run is killed."""


class Undo(NamedTuple):
    """The command that undoes a change of one of our containers on its host."""

    command: str
    uuid: str


@behaviour.agent(names.CONTAINER_CHANGE)
async def container_change(core: Core, connection: AgentConnection, report: wire.Container) -> None:
    """Handle a report about one container."""

    def unit(tx: Tx) -> Undo | None:
        host = tx.first(rows.Host, agentId=connection.agent_id)
        return None if host is None else observe(tx, core, host, report)

    undo = await core.db.write(unit)
    if undo is not None:
        core.part(Strays).take_back(core, connection, undo)


@behaviour.agent(names.HELLO)
async def hello(core: Core, connection: AgentConnection, facts: wire.Hello) -> None:
    """Handle the containers in a hello: compare them with the rows, and write the differences."""
    host = await core.db.read(lambda tx: tx.first(rows.Host, agentId=connection.agent_id))
    if host is None:
        return
    reports = [report for report in facts.containers if not native.is_system(report)]
    found = await core.db.read(lambda tx: differences(tx, host, reports))
    undone: list[Undo] = []
    for start in range(0, len(found), UNIT_CONTAINERS):
        part = found[start : start + UNIT_CONTAINERS]
        undone += await core.db.write(partial(_bring_in_line, core=core, host=host, part=part))
    waited = await core.db.read(partial(_waiting, host_id=host.id)) if host.epoch else []
    for start in range(0, len(waited), UNIT_CONTAINERS):
        await core.db.write(partial(_find_again, core=core, ids=waited[start : start + UNIT_CONTAINERS]))
    if found:
        await core.db.write(lambda tx: sharers.review(tx, core.engine, host))
    # Nothing is placed there before this, so that running containers have their addresses.
    await core.db.write(lambda tx: tx.update(host, agentState=CONNECTED))
    for undo in undone:
        core.part(Strays).take_back(core, connection, undo)


@behaviour.agent("connected")
async def connected(core: Core, connection: AgentConnection, _: None) -> None:
    """Tell a host its epoch, and what runs elsewhere by now: it starts nothing before."""
    epoch = await core.db.read(partial(_epoch, agent_id=connection.agent_id))
    if epoch is not None:
        with contextlib.suppress(AgentGone, CommandFailed):  # an agent of an earlier release knows no epoch
            await connection.request(names.EPOCH, wire.to_data(epoch))


def _epoch(tx: ReadTx, agent_id: int) -> wire.Epoch | None:
    host = tx.first(rows.Host, agentId=agent_id)
    if host is None:
        return None
    moved = [row.uuid for row in tx.find(rows.Instance, hostId=host.id) if row.leaving and not row.nativeContainer]
    return wire.Epoch(epoch=host.epoch or 0, moved=moved)


def _waiting(tx: ReadTx, host_id: int) -> list[int]:
    return [row.id for row in tx.find(rows.Instance, hostId=host_id) if _waits(row)]


def _waits(row: rows.Instance) -> bool:
    return bool(row.lost) and not row.leaving


def _find_again(tx: Tx, core: Core, ids: list[int]) -> None:
    for row in tx.find(rows.Instance, id=ids):
        if _waits(row):
            lost.found_again(tx, core, row)


@dataclass(frozen=True)
class Difference:
    """A container whose host and row disagree. ``report`` None: the host does not have it."""

    report: wire.Container | None
    instance_id: int | None = None


def differences(tx: ReadTx, host: rows.Host, reports: list[wire.Container]) -> list[Difference]:
    """The differences between a complete list of a host's containers and the host's rows."""
    chosen = tx.find(rows.Instance, hostId=host.id)
    by_uuid = {row.uuid: row for row in chosen}
    by_external_id = {row.externalId: row for row in chosen if row.externalId is not None}
    found, present = [], set()
    room = native.MOST - sum(row.nativeContainer is True for row in chosen)
    # The start of one matters to those that share its network.
    owners = {row.networkContainerId for row in chosen if row.networkContainerId is not None}
    for report in reports:
        instance = by_uuid.get(report.uuid or "") or by_external_id.get(report.external_id)
        if instance is None:
            room -= 1
            if room >= -1 or report.uuid:  # the first one without room is reported
                found.append(Difference(report))
            continue
        present.add(instance.id)
        watched = instance.id in owners or instance.networkContainerId is not None
        if not _agrees(instance, report, watched=watched):
            found.append(Difference(report))
    gone = [row for row in chosen if row.id not in present and row.state in SETTLED]
    # The owner of a network gets its row before those that share it.
    found.sort(key=lambda each: each.report is not None and each.report.network_mode.startswith("container:"))
    return found + [Difference(None, row.id) for row in gone]


def _agrees(instance: rows.Instance, report: wire.Container, *, watched: bool) -> bool:
    """True if a report has no news for a row; ``watched``: when it was started is news too."""
    if instance.state not in SETTLED or STATES.get(report.state) != instance.state:
        return False
    if watched and report.started_at != instance.started:
        return False
    if not instance.nativeContainer:
        return instance.externalId is not None
    told = instance.networkMode is not None or not report.network_mode
    return told and report.address in (None, instance.primaryIpAddress)


def _bring_in_line(tx: Tx, core: Core, host: rows.Host, part: list[Difference]) -> list[Undo]:
    """Write some differences, as far as they still exist; return the commands that undo changes on the host."""
    undone = []
    for each in part:
        if each.report is not None:
            undone.append(observe(tx, core, host, each.report, away=True))
        else:
            instance = tx.require(rows.Instance, each.instance_id)
            if instance.hostId == host.id and instance.state in SETTLED:
                _removed(tx, core, instance)
    return [undo for undo in undone if undo is not None]


def observe(tx: Tx, core: Core, host: rows.Host, report: wire.Container, *, away: bool = False) -> Undo | None:
    """Bring one row in line with a report; return the command that undoes the change on the host, if any.

    ``away``: the agent was away, and reports what it finds.
    """
    if native.is_system(report):
        return None
    instance = None
    if report.uuid:
        instance = tx.first(rows.Instance, uuid=report.uuid, removed=ANY)
        if instance is None or instance.accountId != host.accountId:
            # A label with a uuid of another project, or of no row, has no meaning.
            instance = None
        elif instance.hostId is None:
            if names.LABEL_INSTANCE_UUID in report.labels or report.state == "removed" or instance.state != "stopped":
                # It was not sent to any host, so this is a copy, or was made after the backup that was restored.
                return None
            native.adopt(tx, host, instance, report)
        elif instance.hostId != host.id:
            # A container copied to another host keeps the labels of the original, but is not ours.
            instance = None
        elif instance.removed is not None:
            return Undo(names.REMOVE, instance.uuid) if report.state != "removed" else None
    if instance is None:
        # Also one of ours that this database does not know, made after the backup that was restored.
        instance = tx.first(rows.Instance, hostId=host.id, externalId=report.external_id)
    if instance is None:
        # A removed container stays so, whatever late events tell; a hello is complete.
        if report.state != "removed" and (away or not native.is_over(tx, host, report)):
            _import(tx, core, host, report)
        return None
    return _update_known(tx, core, host, instance, report, away=away)


def _update_known(
    tx: Tx, core: Core, host: rows.Host, instance: rows.Instance, report: wire.Container, *, away: bool
) -> Undo | None:
    seen = {"state": report.state, "started": report.started_at, "exitCode": report.exit_code}
    if instance.state not in SETTLED:
        tx.update(instance, lastSeen=seen)
        return None
    if report.state == "removed":
        _removed(tx, core, instance)
        return None
    if not away and _overtaken(instance, report, tx.now):
        return None
    _recognize(tx, host, instance, report)
    state = STATES[report.state]
    if state == instance.state:
        _restarted(tx, core, instance, report, away=away)
        return None
    if state == "running" and not instance.nativeContainer and instance.exitCode is None:
        # The platform stopped it, and somebody started it by hand.
        return Undo(names.DEACTIVATE, instance.uuid)
    items = core.part(Delivery).items
    if state == "stopped":
        tx.update(instance, state="stopped", exitCode=report.exit_code)
        network_ports.close_ports(tx, items, instance)
        volumes.detach(tx, instance)
        close_links(tx, instance)
        if away and not instance.nativeContainer and (instance.restartPolicy or {}).get("name") in ALWAYS:
            core.engine.request(tx, instance, "start")
        return None
    tx.update(
        instance,
        state="running",
        exitCode=None,
        firstRunning=instance.firstRunning or report.started_at,
        startCount=(instance.startCount or 0) + 1,
        transitioning=None,
        transitioningMessage=None,
        started=report.started_at,
    )
    open_links(tx, instance)
    health.begin(tx, core, instance)
    volumes.resume(tx, instance, host)
    if instance.primaryIpAddress:
        network_ports.open_ports(tx, items, instance, instance.primaryIpAddress)
    if not away:
        sharers.follow(tx, core.engine, instance)
    return None


def _restarted(tx: Tx, core: Core, instance: rows.Instance, report: wire.Container, *, away: bool) -> None:
    """Note that a container was started again between two reports, if that matters to others."""
    if report.started_at is None or report.started_at == instance.started:
        return
    if instance.networkContainerId is None and not sharers.of(tx, instance):
        return
    tx.update(instance, started=report.started_at)
    if not away and instance.state == "running":
        sharers.follow(tx, core.engine, instance)


def _overtaken(instance: rows.Instance, report: wire.Container, now: int) -> bool:
    """True if a report is older than what the row tells: answers to commands are taken before reports that wait.

    Times in reports are those of the host's clock, which somebody may set back. Later they decide nothing any more.
    """
    if instance.started is None or instance.externalId != report.external_id:
        return False
    if instance.answered is None or now - instance.answered > WAIT_MS:
        return False
    if report.state == "created":
        return True  # it has been started since
    if report.started_at is None or report.started_at > instance.started:
        return False
    stopped = instance.state == "stopped" and instance.exitCode is None and report.state == "running"
    return stopped or report.started_at < instance.started


def _removed(tx: Tx, core: Core, instance: rows.Instance) -> None:
    """Somebody removed the container on its host; one of ours goes through its removal processes, as in v1."""
    if not instance.nativeContainer:
        tx.update(instance, vanished=True)
        start_removal(tx, core.engine, instance)
        return
    gone(tx, core, instance)
    discard(tx, instance)


def _recognize(tx: Tx, host: rows.Host, instance: rows.Instance, report: wire.Container) -> None:
    """Record the engine's id of a container; of one not made here also how it is connected."""
    if instance.externalId is None and tx.first(rows.Instance, hostId=host.id, externalId=report.external_id) is None:
        tx.update(instance, externalId=report.external_id)
    if instance.nativeContainer:
        native.connect(tx, host, instance, report)
        addresses.locate(tx, instance, host, report.address)


def _import(tx: Tx, core: Core, host: rows.Host, report: wire.Container) -> None:
    if native.is_full(tx, host):
        tx.after_commit(partial(core.part(Strays).unlisted, host, report))
        return
    row = native.add(tx, host, report, STATES[report.state])
    if row.state == "running":
        volumes.resume(tx, row, host)
    addresses.locate(tx, row, host, report.address)


class Strays:
    """Containers that should not be on their hosts, or exceed the limit."""

    def __init__(self) -> None:
        self._asked: set[tuple[int, Undo]] = set()
        self._full: set[int] = set()

    def unlisted(self, host: rows.Host, report: wire.Container) -> None:
        """Log that a native container gets no row, once for each host, because there may be many."""
        if host.id not in self._full:
            self._full.add(host.id)
            log.warning(
                "host %s has more than %d native containers: %s is not shown", host.name, native.MOST, report.name
            )

    def take_back(self, core: Core, connection: AgentConnection, undo: Undo) -> None:
        """Send the command to the agent, unless that is under way; a failure shows in the next hello."""
        if (connection.agent_id, undo) not in self._asked:
            self._asked.add((connection.agent_id, undo))
            core.spawn(self._take_back(connection, undo))

    async def _take_back(self, connection: AgentConnection, undo: Undo) -> None:
        data: dict[str, Any] = {"key": f"undo/{undo.uuid}", "uuid": undo.uuid}
        if undo.command == names.DEACTIVATE:
            data["timeout"] = UNDO_SECONDS
        try:
            await connection.request(undo.command, data)
        except (AgentGone, CommandFailed) as error:
            # The next hello lists it again.
            log.warning("%s of container %s, to undo a change on its host, failed: %s", undo.command, undo.uuid, error)
        finally:
            self._asked.discard((connection.agent_id, undo))
