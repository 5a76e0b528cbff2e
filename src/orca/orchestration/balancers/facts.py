# SPDX-License-Identifier: Apache-2.0
"""Read rows of balancers and their targets for ``plan`` and ``board``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from orca.network.config import sealed
from orca.orchestration.balancers import bindings, policies
from orca.orchestration.balancers.board import Given, Place, Target
from orca.orchestration.balancers.plan import Check, Link, Listener, Plan, Settings, plan
from orca.orchestration.health.reach import address_of
from orca.orchestration.health.states import HEALTHY
from orca.orchestration.health.terms import BadRequest, terms
from orca.orchestration.placement import marks
from orca.orchestration.syntax import rules
from orca.orchestration.syntax.labels import (
    BALANCER_H2_PORTS,
    BALANCER_PROXY_PORTS,
    BALANCER_SEND_PROXY_PORTS,
    BALANCER_SNI_PORTS,
    BALANCER_WEIGHT,
    DEFAULT_WEIGHT,
    MOST_WEIGHT,
    number,
    numbers,
)
from orca.orchestration.syntax.rules import TargetPort
from orca.orchestration.units.plan import GONE
from orca.provision.certificates.api import CONTEXT
from orca.resources import rows
from orca.store import ANY, ReadTx

THERE = frozenset({"starting", "running", "restarting", "updating-running", "stopping"})
"""States of a balancer's container whose host needs its items."""
SERVING = frozenset({"running", "updating-running"})
ENDING = frozenset({"stopping", "restarting"})

_PROTOCOLS = {"http": "http", "https": "https", "tcp": "tcp", "ssl": "tls"}


def plan_of(tx: ReadTx, service: rows.LoadBalancerService) -> Plan | None:
    """The plan of a balancing service; None: it has no balancer any more."""
    balancer = bindings.balancer_of(tx, service)
    if balancer is None or service.removed is not None or service.state in GONE:
        return None
    config = tx.get(rows.LoadBalancerConfig, balancer.loadBalancerConfigId)
    said = Settings() if config is None else policies.settings(config.fields(), config.uuid)
    found = certificates(tx, balancer)
    default = next((row.uuid for row in found if row.id == balancer.defaultCertificateId), None)
    # Earlier versions took what no host can use.
    settings = replace(
        Settings() if policies.fault(said) else said,
        certificates=tuple(row.uuid for row in found),
        default_certificate=default,
    )
    check = None if config is None else config.healthCheck
    return plan(_listeners(tx, service), _links(tx, service, check), settings)


def certificates(tx: ReadTx, balancer: rows.LoadBalancer) -> list[rows.Certificate]:
    """The certificates of a balancer whose keys the server has, the default one first."""
    ids = dict.fromkeys([balancer.defaultCertificateId, *(balancer.certificateIds or [])])
    found = (tx.get(rows.Certificate, id) for id in ids if id is not None)
    return [row for row in found if row is not None and row.removed is None and row.secret is not None]


def certificate_item(row: rows.Certificate) -> dict[str, Any]:
    """The config item of a certificate. Its key stays sealed until it is sent."""
    assert row.secret is not None
    chain = "\n".join(text.strip() for text in (row.cert, row.certChain) if text and text.strip())
    return {"chain": f"{chain}\n", "key": sealed(row.secret, CONTEXT)}


def place_of(instance: rows.Instance) -> Place | None:
    """Where a balancer's container is, while its host needs its items."""
    if not marks.is_balancer(instance) or instance.serviceId is None or instance.hostId is None:
        return None
    there = instance.removed is None and instance.state in THERE
    return Place(instance.serviceId, instance.hostId, instance.uuid) if there else None


def targets(tx: ReadTx, maps: Iterable[rows.ServiceExposeMap]) -> Iterator[Given]:
    """What each map gives now. The key of a container is its uuid, that of an address elsewhere the address itself."""
    maps = list(maps)
    ids = {row.instanceId for row in maps if row.instanceId is not None}
    instances = {row.id: row for row in tx.find(rows.Instance, id=ids, removed=ANY)} if ids else {}
    for row in maps:
        found: dict[str, Target] = {}
        instance = instances.get(row.instanceId or 0)
        if row.removed is None and instance is not None and not row.dnsPrefix:
            target = _target(tx, instance)
            found = {} if target is None else {instance.uuid: target}
        elif row.removed is None and instance is None:
            elsewhere = [row.ipAddress] if row.ipAddress else row.addresses or []
            # Networks of containers have no IPv6.
            found = {address: Target(address, DEFAULT_WEIGHT) for address in elsewhere if "." in address}
        yield Given(row.serviceId, row.id, found, row.hostName if row.removed is None else None)


def _target(tx: ReadTx, instance: rows.Instance) -> Target | None:
    """A container as a target: while it runs and is not known to be anything but healthy, and while it stops.

    One with a check joins when it is healthy; one without joins when it runs.
    """
    if instance.removed is not None or instance.state not in SERVING | ENDING:
        return None
    address = address_of(tx, instance)
    if address is None or instance.healthState not in (None, HEALTHY):
        return None
    weight = number(instance.labels, BALANCER_WEIGHT, DEFAULT_WEIGHT, MOST_WEIGHT)
    return Target(address, weight, draining=instance.state in ENDING)


def _listeners(tx: ReadTx, service: rows.LoadBalancerService) -> list[Listener]:
    labels = (service.launchConfig or {}).get("labels") or {}
    clients, told = numbers(labels.get(BALANCER_PROXY_PORTS)), numbers(labels.get(BALANCER_SEND_PROXY_PORTS))
    by_name, h2 = numbers(labels.get(BALANCER_SNI_PORTS)), numbers(labels.get(BALANCER_H2_PORTS))
    found = []
    for row in tx.find(rows.LoadBalancerListener, serviceId=service.id):
        port = row.privatePort or row.sourcePort
        if row.state in GONE or port is None:
            continue
        protocol = _PROTOCOLS[row.sourceProtocol or "http"]
        spoken = ("h2" if port in h2 else "http") if protocol in ("http", "https") else "tcp"
        found.append(
            Listener(
                port,
                "sni" if protocol == "tcp" and port in by_name else protocol,
                row.targetPort or port,
                spoken,
                row.algorithm or "roundrobin",
                proxy=port in clients,
                send_proxy=port in told,
            )
        )
    return found


def _links(tx: ReadTx, service: rows.LoadBalancerService, check: dict[str, Any] | None) -> list[Link]:
    """The links in the order of their targets' ids; a service that is linked twice has the rules of both."""
    said: dict[int, list[str]] = {}
    for row in tx.find(rows.ServiceConsumeMap, serviceId=service.id):
        said.setdefault(row.consumedServiceId, []).extend(row.ports or ())
    found = tx.find(rows.Service, id=list(said)) if said else []
    return [Link(row.id, tuple(_rules(said[row.id])), _check(row, check)) for row in sorted(found, key=_id)]


def _id(row: rows.Service) -> int:
    return row.id


def _rules(texts: Iterable[str]) -> Iterator[TargetPort]:
    for text in texts:
        try:
            yield rules.parse(text)
        except ValueError:
            continue  # of a version that read it in another way


def _check(target: rows.Service, fallback: dict[str, Any] | None) -> Check | None:
    """How a balancer itself checks the targets of a service: as the service is checked, else as the balancer says."""
    own = (
        target.healthCheck
        if isinstance(target, rows.ExternalService)
        else (target.launchConfig or {}).get("healthCheck")
    )
    check = own or fallback
    try:
        return terms({**check, "port": check.get("port")}) if check else None
    except BadRequest:
        return None
