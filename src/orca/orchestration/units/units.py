# SPDX-License-Identifier: Apache-2.0
"""Deployment units as rows: the wanted and present containers of a service, and how one is made."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from orca.engine import Processes, discard
from orca.network import addresses
from orca.orchestration.placement import belongings, joined, marks, retained
from orca.orchestration.placement import constraints as affinity
from orca.orchestration.placement.place import surroundings
from orca.orchestration.syntax.labels import REQUESTED_HOST, START_ONCE
from orca.orchestration.syntax.names import PRIMARY, container_name
from orca.orchestration.units import fields as unit_fields
from orca.orchestration.units import plan as unit_plan
from orca.orchestration.units import sickness
from orca.orchestration.units.plan import Member, New, Part, Plan
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.storage import named, registries
from orca.storage.references import is_nothing
from orca.store import ReadTx, Tx

Configs = dict[str, dict[str, Any]]
"""Launch configs by part."""


def configs_of(service: rows.Service) -> Configs:
    """The launch configs that make containers: those with a real image."""
    if service.kind in ("dnsService", "externalService"):
        return {}
    found: Configs = {PRIMARY: service.launchConfig or {}}
    found |= {config["name"]: config for config in service.secondaryLaunchConfigs or []}
    return {part: config for part, config in found.items() if not is_nothing(config.get("imageUuid"))}


def needs_of(service_name: str, config: dict[str, Any]) -> list[str]:
    """The parts that a launch config needs: whose volumes it takes, whose network it joins."""
    names = [*(config.get("dataVolumesFromLaunchConfigs") or []), config.get("networkLaunchConfig")]
    return [part_called(service_name, name) for name in names if name]


def part_called(service_name: str, name: str) -> str:
    """The part that a launch config names; the primary one has the service's name."""
    return PRIMARY if name.casefold() == service_name.casefold() else name


def parts_of(service: rows.Service) -> dict[str, Part]:
    """The parts of a unit of the service."""
    configs = configs_of(service)
    return {
        part: Part(
            frozenset(need for need in needs_of(service.name, config) if need in configs),
            once=runs_once(config.get("labels")),
        )
        for part, config in configs.items()
    }


def runs_once(labels: dict[str, str] | None) -> bool:
    """True if a container with these labels runs only once."""
    return str((labels or {}).get(START_ONCE, "")).lower() == "true"


def rows_of(tx: ReadTx, service_id: int) -> list[rows.Instance]:
    """The live containers of a service, without those that an upgrade keeps aside."""
    return [row for row in tx.find(rows.Instance, serviceId=service_id) if not row.kept]


def kept_rows(tx: ReadTx, service_id: int) -> list[rows.Instance]:
    """The containers that an upgrade replaced and keeps, stopped, until it is finished or taken back."""
    return [row for row in tx.find(rows.Instance, serviceId=service_id) if row.kept]


def members(tx: ReadTx, service_id: int) -> list[Member]:
    """The containers of a service, as facts for the plan."""
    found = rows_of(tx, service_id)
    sick = _sick(found)
    vanished = any(row.vanished for row in found)
    service = tx.get(rows.Service, service_id) if sick or vanished else None
    wait = sickness.waits_until(service, sick.values(), tx.now)
    # A container that vanished from its host no longer holds its name, but its address until it is removed. One that is
    # lost with its host holds neither for its successor, which comes to another host.
    ended = vanished and (service is None or not retained.retains(service))
    return [
        Member(
            row.id,
            marks.number(row),
            "removed" if (ended and row.vanished) or (row.lost and row.leaving) else row.state,
            bool(row.leaving),
            marks.part(row),
            row.id in sick and wait is None,
            row.hostId or row.requestedHostId,
            sickness.comes_until(service, row, tx.now) is not None,
            moving=row.movingFor is not None and _goes_on(tx, row.movingFor),
            well=(row.state == "running" or runs_once(row.labels)) and row.healthState in (None, "healthy"),
        )
        for row in found
    ]


def _goes_on(tx: ReadTx, process_id: int) -> bool:
    """True if a process has not ended; what it marked means nothing afterwards."""
    process = tx.get(rows.ProcessInstance, process_id)
    return process is not None and process.endTime is None


def look_again(tx: ReadTx, service: rows.Service) -> int | None:
    """When a sick container that stays for now must be looked at again (UTC milliseconds)."""
    found = rows_of(tx, service.id)
    sick = _sick(found)
    if not sick:
        return None
    times = [sickness.waits_until(service, sick.values(), tx.now)]
    times += [sickness.comes_until(service, row, tx.now) for row in found]
    return min((at for at in times if at is not None), default=None)


def noted(tx: ReadTx, service: rows.Service) -> dict[str, int]:
    """What a service remembers when some of its sick containers are replaced now."""
    found = rows_of(tx, service.id)
    return sickness.replaced(service, found, _sick(found).values(), tx.now)


def _sick(found: list[rows.Instance]) -> dict[int, rows.Instance]:
    healthy = sum(row.healthState == "healthy" for row in found)
    there = [row for row in found if not row.leaving and row.state not in unit_plan.GONE]
    return {row.id: row for row in there if sickness.is_sick(row, healthy)}


def wanted_scale(service: rows.Service) -> int:
    """How many units the service should have; with a policy, the present step between its limits."""
    policy = service.scalePolicy
    if policy is None:
        return int(service.scale or 0)
    low, high = policy.get("min") or 1, policy.get("max") or 1
    return int(min(max(low if service.aim is None else service.aim, low), high))


def plan(tx: ReadTx, service: rows.Service, *, leaving: int | None = None) -> Plan:
    """The plan for the service now, or for after the container with the id ``leaving`` is gone."""
    parts = parts_of(service)
    present = [replace(member, leaving=member.leaving or member.id == leaving) for member in members(tx, service.id)]
    return unit_plan.plan(
        wanted_scale(service) if parts else 0,
        present,
        parts,
        hosts=global_hosts(tx, service),
        retained=_numbers_kept(tx, service),
        replacing=sickness.is_replacing(service, tx.now),
    )


def _numbers_kept(tx: ReadTx, service: rows.Service) -> dict[int, int] | None:
    """The numbers for which an address, or a container that an upgrade set aside, waits; each with its host.

    None: numbers do not matter. They do for addresses, and for volumes: a successor finds those of its unit, and waits
    until the former container has let go of them.
    """
    retains = retained.retains(service)
    if not retains and not any(map(named.mounts_names, configs_of(service).values())):
        return None
    aside = {marks.number(row): row.hostId for row in kept_rows(tx, service.id) if row.hostId is not None}
    return aside | (retained.numbers(tx, service) if retains else {})


def is_global(service: rows.Service) -> bool:
    """True if the service has a unit on every host that fits, whatever its scale."""
    return affinity.is_global((service.launchConfig or {}).get("labels"))


def global_hosts(tx: ReadTx, service: rows.Service) -> list[int] | None:
    """The hosts that should have a unit of a global service; None for a service with a scale."""
    if not is_global(service):
        return None
    labels = (service.launchConfig or {}).get("labels") or {}
    constraints = tuple(
        constraint
        for constraint in affinity.read(labels, {})
        if constraint.subject == "host_label" and not constraint.soft
    )
    seen = surroundings(tx, service.accountId, constraints)
    return [
        host.id
        for host in tx.find(rows.Host, accountId=service.accountId, state="active", agentState=CONNECTED)
        if all(affinity.holds(constraint, seen.get(host.id, affinity.NOTHING)) for constraint in constraints)
    ]


Neighbours = dict[int, dict[str, int]]
"""Container ids by unit number and part."""


def neighbours(tx: ReadTx, service_id: int) -> Neighbours:
    """The containers that count, by their unit."""
    found: Neighbours = {}
    for member in members(tx, service_id):
        if member.counts:
            found.setdefault(member.number, {})[member.part] = member.id
    return found


class Maker:
    """Makes containers of one service within one writing unit; what they share is read once.

    ``beside``: the present containers of the units to complete. The caller reads them, because the cost depends on the
    size of the service, and the writer must not pay it for each container.
    """

    def __init__(self, tx: Tx, engine: Processes, service: rows.Service, beside: Neighbours) -> None:
        self._tx = tx
        self._engine = engine
        self._service = service
        self._beside = {number: dict(parts) for number, parts in beside.items()}
        self._stack = tx.require(rows.Environment, service.environmentId)
        self._project = tx.require(rows.Account, service.accountId)
        self._configs = configs_of(service)
        self._credentials: dict[str, int | None] = {}
        """Per part: the credential for its image's registry."""
        self._consumed = tx.find(rows.ServiceConsumeMap, serviceId=service.id)

    def make(self, new: New) -> rows.Container:
        """Make the row of a container, and request its start."""
        tx, service, stack, config = self._tx, self._service, self._stack, self._configs[new.part]
        beside = self._beside.setdefault(new.number, {})
        unit = self._unit_of(beside) or str(uuid.uuid4())
        index = (tx.own(service).createIndex or 0) + 1
        tx.update(service, createIndex=index)
        labels = {**(config.get("labels") or {})}
        labels |= unit_fields.service_labels(stack.name, service.name, self._project.name or "", unit, new.part)
        fields = unit_fields.instance_fields(config)
        if service.kind == "loadBalancerService" and new.part == PRIMARY:
            fields |= unit_fields.balancer_fields(config)
        if new.host is not None and is_global(service):
            fields["requestedHostId"] = new.host
            labels[REQUESTED_HOST] = str(new.host)
        fields |= self._shared(config, fields, beside)
        if fields.get("registryCredentialId") is None:
            fields["registryCredentialId"] = self._credential(new.part, fields)
        row = tx.insert(
            rows.Container,
            **{
                **fields,
                "accountId": service.accountId,
                "kind": "container",
                "name": container_name(stack.name, service.name, new.number, new.part),
                "serviceId": service.id,
                "environmentId": stack.id,
                "createIndex": index,
                "deploymentUnitUuid": unit,
                "labels": labels,
                "startOnCreate": True,
                "version": config.get("version") or "0",
                "number": new.number,
                "part": new.part,
            },
        )
        beside[new.part] = row.id
        belongings.give(tx, row)
        tx.insert(
            rows.ServiceExposeMap,
            accountId=service.accountId,
            state="active",
            serviceId=service.id,
            instanceId=row.id,
            managed=True,
            dnsPrefix=new.part or None,
        )
        for consumed in self._consumed:
            link_container(tx, consumed, row)
        self._engine.request(tx, row, "create")
        return row

    def _credential(self, part: str, fields: dict[str, Any]) -> int | None:
        if part not in self._credentials:
            found = registries.credential_of(self._tx, self._service.accountId, str(fields["imageUuid"]))
            self._credentials[part] = None if found is None else found.id
        return self._credentials[part]

    def _unit_of(self, beside: dict[str, int]) -> str | None:
        """The deployment unit that the containers beside a new one belong to."""
        found = (self._tx.get(rows.Instance, id) for id in beside.values())
        return next((row.deploymentUnitUuid for row in found if row is not None), None)

    def _shared(self, config: dict[str, Any], fields: dict[str, Any], beside: dict[str, int]) -> dict[str, Any]:
        """The fields that name other containers of the unit: whose volumes are taken, whose network is joined."""
        found: dict[str, Any] = {}
        sources = [part_called(self._service.name, name) for name in config.get("dataVolumesFromLaunchConfigs") or []]
        if sources:
            shared = [beside[source] for source in sources if source in beside]
            found["dataVolumesFrom"] = [*(fields.get("dataVolumesFrom") or []), *shared]
        network = config.get("networkLaunchConfig")
        if network:
            owner = beside.get(part_called(self._service.name, network))
            found |= {"networkMode": joined.CONTAINER, "networkContainerId": owner}
        return found


def link_container(tx: Tx, consumed: rows.ServiceConsumeMap, instance: rows.Instance) -> None:
    """Make a container's link for a link of its service; aliases have no containers of their own."""
    target = tx.get(rows.Service, consumed.consumedServiceId)
    if target is not None and target.kind != "dnsService":
        tx.insert(
            rows.InstanceLink,
            accountId=instance.accountId,
            state="active" if instance.state == "running" else "inactive",
            instanceId=instance.id,
            linkName=consumed.name or target.name,
            serviceConsumeMapId=consumed.id,
        )


def release(tx: Tx, instance: rows.Instance) -> None:
    """Release a removed container: free its address or keep it for the successor, and remove its ties."""
    let_go_address(tx, instance)
    discard(
        tx,
        *tx.find(rows.ServiceExposeMap, instanceId=instance.id),
        *tx.find(rows.InstanceLink, instanceId=instance.id),
        *tx.find(rows.InstanceLink, targetInstanceId=instance.id),
        *tx.find(rows.LoadBalancerTarget, instanceId=instance.id),
    )


def let_go_address(tx: Tx, instance: rows.Instance) -> None:
    """Free a container's address, or keep it for the successor."""
    service = tx.get(rows.Service, instance.serviceId)
    if service is not None and service.state not in ("removing", "removed") and retained.retains(service):
        wanted = plan(tx, service, leaving=instance.id)
        place = marks.number(instance), marks.part(instance)
        if place in {(new.number, new.part) for new in (*wanted.create, *wanted.later)}:
            retained.keep(tx, instance)
            return
    addresses.release_address(tx, instance.id)


def forget_addresses(tx: Tx, service: rows.Service) -> None:
    """Drop waiting addresses, except those that a rollback of an upgrade may need."""
    retained.forget(tx, service, kept_rows(tx, service.id))
