# SPDX-License-Identifier: Apache-2.0
"""What each host must know of balancers: plans, places and targets in, config items out. Pure.

A change costs what it touches: an edge of a target is one item on each host with a balancer that has this target.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from orca.hoststate.plan.items import BALANCER, CERTIFICATE, TARGETS
from orca.orchestration.balancers.plan import Plan

Items = dict[tuple[int, str], dict[str, Any] | None]
"""Host id and name of an item -> its description; None: it is not wanted."""

NO_PLAN = Plan({"certificates": []}, {})


class Place(NamedTuple):
    """A container of a balancing service on its host."""

    service_id: int
    host_id: int
    uuid: str


class Target(NamedTuple):
    """What gets requests; ``draining``: no new ones, since it is about to stop."""

    address: str
    weight: int
    draining: bool = False


class Given(NamedTuple):
    """What one map of a service gives: targets by their keys, and the host name behind them, if that is all it has."""

    service_id: int
    map_id: int
    targets: dict[str, Target]
    host_name: str | None = None


class Board:
    """All balancers of the platform. What changes here makes items stale, which ``items`` gives out once."""

    def __init__(self) -> None:
        self.plans: dict[int, Plan] = {}
        """By the id of the balancing service."""
        self._users: defaultdict[int, set[int]] = defaultdict(set)
        """The balancing services by a service behind them."""
        self._places: dict[int, Place] = {}
        """By the id of the container."""
        self._places_of: defaultdict[int, set[int]] = defaultdict(set)
        """The containers by balancing service."""
        self._on: defaultdict[int, set[int]] = defaultdict(set)
        """The containers by host."""
        self._targets: defaultdict[int, dict[int, dict[str, Target]]] = defaultdict(dict)
        """By the service that they are of, the map that gives them, and their keys."""
        self.host_names: dict[int, str] = {}
        """What must be looked up, by map."""
        self._certificates: dict[str, dict[str, Any]] = {}
        self._sent: defaultdict[int, set[str]] = defaultdict(set)
        """The certificates by host."""
        self._understand: set[int] = set()
        self._whole: set[int] = set()
        """Containers whose items are all stale."""
        self._stale: set[tuple[int, str]] = set()
        """Stale backends: the balancing service, and the name."""
        self._stale_certificates: set[str] = set()
        self._touched: set[int] = set()
        """Hosts whose certificates may be others."""
        self._gone: set[tuple[int, str]] = set()

    # -- learning -----------------------------------------------------------------------------------------------------

    def learn_plan(self, service_id: int, plan: Plan | None) -> set[int]:
        """Learn a balancer; return the services that are behind one now, and were behind none."""
        old = self.plans.get(service_id)
        if old == plan:
            return set()
        before = set() if old is None else old.services
        after = set() if plan is None else plan.services
        for id in before - after:
            self._users[id].discard(service_id)
            if not self._users[id]:
                del self._users[id]
                for map_id in self._targets.pop(id, {}):
                    self.host_names.pop(map_id, None)
        for place_id in self._places_of.get(service_id, ()):
            self._withdraw(place_id)
        if plan is None:
            self.plans.pop(service_id, None)
        else:
            self.plans[service_id] = plan
        self._whole |= self._places_of.get(service_id, set())
        new = {id for id in after - before if id not in self._users}
        for id in after - before:
            self._users[id].add(service_id)
        return new

    def learn_place(self, instance_id: int, place: Place | None) -> None:
        """Learn where a container of a balancer is; None: it is nowhere."""
        old = self._places.get(instance_id)
        if old == place:
            return
        if old is not None:
            self._withdraw(instance_id)
            del self._places[instance_id]
            self._places_of[old.service_id].discard(instance_id)
            self._on[old.host_id].discard(instance_id)
        if place is not None:
            self._places[instance_id] = place
            self._places_of[place.service_id].add(instance_id)
            self._on[place.host_id].add(instance_id)
            self._whole.add(instance_id)
            self._touched.add(place.host_id)

    def learn_targets(self, given: Given) -> None:
        """Learn what one map of a service behind a balancer gives."""
        service_id, map_id, targets, host_name = given
        if service_id not in self._users:
            return
        if host_name is None:
            self.host_names.pop(map_id, None)
        else:
            self.host_names[map_id] = host_name
        if self._targets.get(service_id, {}).get(map_id) == targets:
            return
        if targets or host_name is not None:
            self._targets[service_id][map_id] = targets
        elif self._targets.get(service_id, {}).pop(map_id, None) is None:
            return
        for user in self._users[service_id]:
            self._stale |= {(user, backend) for backend in self.plans[user].backends_of(service_id)}

    def learn_host(self, host_id: int, *, understands: bool) -> None:
        """Learn whether the agent of a host accepts such items."""
        if understands == (host_id in self._understand):
            return
        for place_id in self._on.get(host_id, ()):
            self._withdraw(place_id)
        (self._understand.add if understands else self._understand.discard)(host_id)
        self._whole |= self._on.get(host_id, set())
        self._touched.add(host_id)

    def learn_certificate(self, uuid: str, description: dict[str, Any] | None) -> None:
        """Learn a certificate that a balancer names; None: it is gone."""
        if self._certificates.get(uuid) == description:
            return
        if description is None:
            del self._certificates[uuid]
        else:
            self._certificates[uuid] = description
        self._stale_certificates.add(uuid)

    # -- what is known ------------------------------------------------------------------------------------------------

    def is_behind(self, service_id: int) -> bool:
        """True if a balancer sends requests to a service."""
        return service_id in self._users

    def users(self, service_ids: Iterable[int]) -> set[int]:
        """The balancing services with some of these services behind them."""
        return {user for id in service_ids for user in self._users.get(id, ())}

    def items(self) -> Items:
        """The items that may differ since the last call: certificates first, then balancers, then their targets."""
        places = {id: self._places[id] for id in self._whole if id in self._places}
        hosts = self._touched | {place.host_id for place in places.values()}
        items = self._certificate_items(hosts)
        told = [place for place in places.values() if self._is_told(place)]
        for place in told:
            described = {"instance": place.uuid, **self.plans[place.service_id].description}
            items[place.host_id, BALANCER.item(place.uuid)] = described
        for place in told:
            items |= {key: self._backend(place, key[1]) for key in self._backends(place)}
        for service_id, backend in self._stale:
            if backend not in self.plans.get(service_id, NO_PLAN).sources:
                continue
            for place_id in self._places_of.get(service_id, ()):
                place = self._places[place_id]
                if self._is_told(place):
                    name = TARGETS.item(place.uuid, backend)
                    items[place.host_id, name] = self._backend(place, name)
        items |= {key: None for key in self._gone if key not in items}
        for stale in (self._gone, self._whole, self._stale, self._stale_certificates, self._touched):
            stale.clear()
        return items

    # -- inside -------------------------------------------------------------------------------------------------------

    def _is_told(self, place: Place) -> bool:
        return place.host_id in self._understand and place.service_id in self.plans

    def _withdraw(self, instance_id: int) -> None:
        """The items of a container are wanted no more, as far as they do not come anew."""
        place = self._places[instance_id]
        self._touched.add(place.host_id)
        if self._is_told(place):
            self._gone.add((place.host_id, BALANCER.item(place.uuid)))
            self._gone |= self._backends(place)

    def _backends(self, place: Place) -> set[tuple[int, str]]:
        return {(place.host_id, TARGETS.item(place.uuid, name)) for name in self.plans[place.service_id].sources}

    def _backend(self, place: Place, name: str) -> dict[str, Any]:
        """The targets of one backend, by their keys."""
        sources = self.plans[place.service_id].sources[name.rpartition("/")[2]]
        found: dict[str, Any] = {}
        for source in sources:
            given = self._targets.get(source.service_id, {}).values()
            for key, target in (item for targets in given for item in targets.items()):
                state = "drain" if target.draining else "ready"
                entry = {"address": target.address, "port": source.port, "weight": target.weight, "state": state}
                found.setdefault(key, entry)
        return {"targets": dict(sorted(found.items()))}

    def _certificate_items(self, hosts: set[int]) -> Items:
        """The certificates of these hosts that are new there, gone, or others than before."""
        items: Items = {}
        for host_id in hosts:
            plans = [self.plans[place.service_id] for place in self._told_on(host_id)]
            needed = {uuid for plan in plans for uuid in plan.certificates if uuid in self._certificates}
            items |= {(host_id, CERTIFICATE.item(uuid)): None for uuid in self._sent[host_id] - needed}
            items |= {
                (host_id, CERTIFICATE.item(uuid)): self._certificates[uuid] for uuid in needed - self._sent[host_id]
            }
            self._sent[host_id] = needed
            if not needed:
                del self._sent[host_id]
        for uuid in self._stale_certificates & self._certificates.keys():
            for host_id in [host_id for host_id, sent in self._sent.items() if uuid in sent]:
                items[host_id, CERTIFICATE.item(uuid)] = self._certificates[uuid]
        return items

    def _told_on(self, host_id: int) -> list[Place]:
        places = [self._places[id] for id in self._on.get(host_id, ())]
        return [place for place in places if self._is_told(place)]
