# SPDX-License-Identifier: Apache-2.0
"""What every client sees, worked out from everything at once: the model that discovery is compared with.

And what clients see by the items that hosts hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from orca.hoststate.plan import dns
from orca.hoststate.plan.items import NETWORK
from orca.orchestration.discovery.directory import Directory, Items
from orca.orchestration.discovery.graph import Facts
from orca.orchestration.discovery.scopes import ContainerLink, Found, Member, Names, Service, ServiceLink, told


class Hosts:
    """The items of all hosts, as they come."""

    def __init__(self) -> None:
        self.items: defaultdict[int, dict[str, Any]] = defaultdict(dict)

    def take(self, items: Items) -> None:
        for (host, name), description in items.items():
            if description is None:
                self.items[host].pop(name, None)
            else:
                self.items[host][name] = description

    def seen(self, host: int) -> dict[str, Names]:
        """The names of each client of a host."""
        network = {NETWORK.item(): {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24"}}
        description = dns.describe(network | self.items[host])
        assert description is not None
        return {address: _merged(seen, description["scopes"]) for address, seen in description["clients"].items()}


def _merged(seen: Any, scopes: Mapping[str, Names]) -> Names:
    if isinstance(seen, dict):
        return seen
    names: Names = {}
    for scope in reversed(seen):
        names |= scopes.get(scope, {})
    return {name: answer for name, answer in names.items() if answer}


def tables(
    services: Iterable[Service],
    members: Iterable[Member],
    service_links: Iterable[ServiceLink] = (),
    container_links: Iterable[ContainerLink] = (),
) -> dict[str, Names]:
    """What discovery tells each of these containers, all on one host."""
    members = list(members)
    facts = Facts(
        services={service.id: service for service in services},
        members={member.id: member for member in members},
        service_links=dict(enumerate(service_links)),
        container_links=dict(enumerate(container_links)),
        hosts={0: True},
    )
    hosts = Hosts()
    hosts.take(Directory().learn(facts))
    return {member.address: {} for member in members} | hosts.seen(0)


def model(
    services: Iterable[Service],
    members: Iterable[Member],
    service_links: Iterable[ServiceLink] = (),
    container_links: Iterable[ContainerLink] = (),
) -> dict[str, Names]:
    """Return the name table of each client address (clients that see nothing have an empty one)."""
    members, service_links = list(members), list(service_links)
    by_id = {service.id: service for service in services}
    standing = _standing(members)
    answers = _answers(by_id, standing, service_links)
    by_service = {id: told(names) for id, names in _service_names(by_id, answers, standing, service_links).items()}
    by_container = {id: told(names) for id, names in _container_names(members, container_links).items()}
    result: dict[str, Names] = {}
    for member in members:
        # A container link loses to a service link of the same name.
        names = by_container.get(member.id, {}) | by_service.get(member.service_id or 0, {})
        result[member.address] = {name: answer for name, answer in sorted(names.items()) if answer}
    return result


Standing = Mapping[tuple[int, str], Found]
"""Addresses by service and part (empty: the service itself)."""


def _standing(members: Iterable[Member]) -> Standing:
    """Who stands for a service or for a sidekick of it."""
    healthy: defaultdict[tuple[int, str], Found] = defaultdict(set)
    running: defaultdict[tuple[int, str], Found] = defaultdict(set)
    for member in members:
        own = [] if member.service_id is None else [(member.service_id, member.part.lower())]
        for place in [*own, *((id, "") for id in member.selected_by)] if member.answers else []:
            running[place].add(member.address)
            if member.healthy:
                healthy[place].add(member.address)
    return {place: healthy.get(place) or found for place, found in running.items()}


def _answers(services: Mapping[int, Service], standing: Standing, links: Iterable[ServiceLink]) -> dict[int, Found]:
    """What each service is answered with; aliases of aliases are followed to their ends, each service once."""
    behind: defaultdict[int, set[int]] = defaultdict(set)
    for link in links:
        if link.consumer in services and services[link.consumer].alias and link.target in services:
            behind[link.consumer].add(link.target)
    result: dict[int, Found] = {}
    for id in services:
        reached, ahead = {id}, [id]
        while ahead:
            new = behind.get(ahead.pop(), set()) - reached
            reached |= new
            ahead += new
        result[id] = {found for each in reached for found in (*standing.get((each, ""), ()), *services[each].elsewhere)}
    return result


def _service_names(
    services: Mapping[int, Service], answers: Mapping[int, Found], standing: Standing, links: Iterable[ServiceLink]
) -> dict[int, dict[str, Found]]:
    """What every container of a service sees, by service id."""
    sidekicks: defaultdict[int, dict[str, Found]] = defaultdict(dict)
    for (id, part), found in standing.items():
        if part:
            sidekicks[id][part] = found
    stacks: defaultdict[int, dict[str, Found]] = defaultdict(dict)
    for service in services.values():
        full = f"{service.name}.{service.stack}".lower()
        stacks[service.stack_id][full] = answers[service.id]
        for part, found in sidekicks[service.id].items():
            stacks[service.stack_id][f"{part}.{full}"] = found
    seen = {
        service.id: {
            **stacks[service.stack_id],
            **sidekicks[service.id],
            service.name.lower(): answers[service.id],
        }
        for service in services.values()
    }
    aliases: defaultdict[int, defaultdict[str, Found]] = defaultdict(lambda: defaultdict(set))
    for link in links:
        if link.consumer in services and link.target in services:
            alias = (link.alias or services[link.target].name).lower()
            aliases[link.consumer][alias] |= answers[link.target]
    for consumer, linked in aliases.items():
        seen[consumer].update(linked)
    return seen


def _container_names(members: Iterable[Member], links: Iterable[ContainerLink]) -> dict[int, dict[str, Found]]:
    """What a container sees by links of its own, by container id."""
    address = {member.id: member.address for member in members if member.answers}
    seen: defaultdict[int, dict[str, Found]] = defaultdict(dict)
    for link in links:
        if link.target in address:
            seen[link.consumer].setdefault(link.alias.lower(), set()).add(address[link.target])
    return dict(seen)
