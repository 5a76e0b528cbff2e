# SPDX-License-Identifier: Apache-2.0
"""What ties a service's balancer to its targets and its hosts.

A target is a container of a linked service, or an address of an external one; sidekicks are none. A host has a map
while a container of the balancer is there. Section 15 of docs/v1.md says it to users.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from orca.engine import discard
from orca.orchestration.health.states import UNHEALTHY
from orca.orchestration.units.plan import GONE
from orca.resources import rows
from orca.store import ReadTx, Tx

RESTING = frozenset({"requested", "registering", "inactive", "updating-inactive", "deactivating"})
"""States of a service in which its balancer keeps the targets that it has."""


class End(NamedTuple):
    """The far end of a tie: a container or an address to send requests to, or a host to run on."""

    field: Literal["instanceId", "ipAddress", "hostId"]
    value: Any


Ties = dict[End, list[str]]
"""The rules of each target; hosts have none."""


def wrong(tx: ReadTx, service: rows.LoadBalancerService, ends: Collection[End] | None = None) -> list[End]:
    """The ends whose tie lacks, is too much or has other rules; ``ends``: only these are looked at."""
    balancer = balancer_of(tx, service)
    if balancer is None:
        return []
    wanted, present = _wanted(tx, service, ends), _present(tx, balancer, ends)
    fixed = _fixed(service)
    return sorted(
        end
        for end in wanted.keys() | present.keys()
        if end.field not in fixed and (end not in present or wanted.get(end) != _rules(present[end]))
    )


def right(tx: Tx, service: rows.LoadBalancerService, ends: Collection[End]) -> None:
    """Make, change and remove the ties of these ends as they should be now."""
    balancer = balancer_of(tx, service)
    if balancer is None:
        return
    wanted, present = _wanted(tx, service, ends), _present(tx, balancer, ends)
    for end in wrong(tx, service, ends):
        row = present.get(end)
        if end not in wanted:
            discard(tx, present[end])
        elif isinstance(row, rows.LoadBalancerTarget):
            tx.update(row, ports=wanted[end])
        else:
            fields: dict[str, Any] = {"state": "active", "accountId": service.accountId, "loadBalancerId": balancer.id}
            if end.field == "hostId":
                tx.insert(rows.LoadBalancerHostMap, **fields, hostId=end.value)
            else:
                tx.insert(rows.LoadBalancerTarget, **fields, **{end.field: end.value}, ports=wanted[end])


def balancer_of(tx: ReadTx, service: rows.LoadBalancerService) -> rows.LoadBalancer | None:
    """The balancer of a service, unless it is being removed."""
    found = tx.first(rows.LoadBalancer, serviceId=service.id)
    return None if found is None or found.state in GONE else found


def _fixed(service: rows.LoadBalancerService) -> tuple[str, ...]:
    """The fields of ties that stay as they are."""
    return ("instanceId", "ipAddress") if service.state in RESTING else ()


def _wanted(tx: ReadTx, service: rows.LoadBalancerService, ends: Collection[End] | None) -> Ties:
    if service.removed is not None or service.state in GONE:
        return {}
    wanted: Ties = {end: [] for end in _hosts(tx, service, _values(ends, "hostId"))}
    for link in tx.find(rows.ServiceConsumeMap, serviceId=service.id):
        for end in _behind(tx, link.consumedServiceId, ends):
            known = wanted.setdefault(end, [])
            known += [rule for rule in link.ports or () if rule not in known]
    return wanted


def _hosts(tx: ReadTx, service: rows.LoadBalancerService, ids: list[Any] | None) -> Iterator[End]:
    which = {} if ids is None else {"hostId": ids}
    for host_id, state in tx.values(rows.Instance, "hostId", "state", serviceId=service.id, **which):
        if host_id is not None and state not in GONE:
            yield End("hostId", host_id)


def _behind(tx: ReadTx, service_id: int, ends: Collection[End] | None) -> Iterator[End]:
    """What answers for a linked service: containers that are there and not unhealthy, and addresses elsewhere."""
    ids, addresses = _values(ends, "instanceId"), _values(ends, "ipAddress")
    if ids is None or addresses:
        which = {} if addresses is None else {"ipAddress": addresses}
        for (address,) in tx.values(rows.ServiceExposeMap, "ipAddress", serviceId=service_id, instanceId=None, **which):
            if address is not None:
                yield End("ipAddress", address)
    if ids == []:
        return
    chosen = {} if ids is None else {"instanceId": ids}
    shown = [row for row in tx.find(rows.ServiceExposeMap, serviceId=service_id, **chosen) if _stands_for(row)]
    found = [row.instanceId for row in shown]
    for id, state, health in tx.values(rows.Instance, "id", "state", "healthState", id=found) if found else ():
        if state not in GONE and health != UNHEALTHY:
            yield End("instanceId", id)


def _stands_for(row: rows.ServiceExposeMap) -> bool:
    """True if a map's container answers for the service itself: no sidekick, and none that an upgrade set aside."""
    return row.instanceId is not None and not row.dnsPrefix and not row.upgrade


def _present(
    tx: ReadTx, balancer: rows.LoadBalancer, ends: Collection[End] | None
) -> dict[End, rows.LoadBalancerTarget | rows.LoadBalancerHostMap]:
    found: dict[End, rows.LoadBalancerTarget | rows.LoadBalancerHostMap] = {}
    for target in tx.find(rows.LoadBalancerTarget, loadBalancerId=balancer.id, **_narrowed(ends)):
        end = End("ipAddress", target.ipAddress) if target.ipAddress else End("instanceId", target.instanceId or 0)
        found[end] = target
    for place in tx.find(rows.LoadBalancerHostMap, loadBalancerId=balancer.id):
        found[End("hostId", place.hostId)] = place
    return found if ends is None else {end: row for end, row in found.items() if end in ends}


def _narrowed(ends: Collection[End] | None) -> dict[str, Any]:
    """The condition that leaves other targets unread, where all ends are containers."""
    if ends is None or any(end.field == "ipAddress" for end in ends):
        return {}
    return {"instanceId": [end.value for end in ends if end.field == "instanceId"]}


def _values(ends: Iterable[End] | None, field: str) -> list[Any] | None:
    return None if ends is None else [end.value for end in ends if end.field == field]


def _rules(row: rows.LoadBalancerTarget | rows.LoadBalancerHostMap) -> list[str]:
    return (row.ports or []) if isinstance(row, rows.LoadBalancerTarget) else []
