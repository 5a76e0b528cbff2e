# SPDX-License-Identifier: Apache-2.0
"""What every client sees, worked out from everything at once: the model that discovery is compared with.

And what clients see by the items that hosts hold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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

    def seen(self, host: int, *, empty: bool = False) -> dict[str, Names]:
        """The names of each client of a host; ``empty``: also those without an answer."""
        network = {NETWORK.item(): {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24"}}
        description = dns.describe(network | self.items[host])
        assert description is not None
        merged = {address: _merged(seen, description["scopes"]) for address, seen in description["clients"].items()}
        return {
            address: {name: answer for name, answer in names.items() if answer or empty}
            for address, names in merged.items()
        }


def _merged(seen: Any, scopes: Mapping[str, Names]) -> Names:
    if isinstance(seen, dict):
        return seen
    names: Names = {}
    for scope in reversed(seen):
        names |= scopes.get(scope, {})
    return names


def tables(
    services: Iterable[Service],
    members: Iterable[Member],
    service_links: Iterable[ServiceLink] = (),
    container_links: Iterable[ContainerLink] = (),
    *,
    empty: bool = False,
    wide: Iterable[int] = (),
) -> dict[str, Names]:
    """What discovery tells each of these containers, all on one host.

    ``empty``: also names without an answer. ``wide``: projects whose containers see all of them.
    """
    members = list(members)
    facts = Facts(
        services={service.id: service for service in services},
        members={member.id: member for member in members},
        service_links=dict(enumerate(service_links)),
        container_links=dict(enumerate(container_links)),
        hosts={0: True},
        projects=dict.fromkeys(wide, True),
    )
    hosts = Hosts()
    hosts.take(Directory().learn(facts))
    return {member.address: {} for member in members} | hosts.seen(0, empty=empty)


def model(
    services: Iterable[Service],
    members: Iterable[Member],
    service_links: Iterable[ServiceLink] = (),
    container_links: Iterable[ContainerLink] = (),
    *,
    wide: bool = False,
) -> dict[str, Names]:
    """Return the name table of each client address (clients that see nothing have an empty one)."""
    members, service_links = list(members), list(service_links)
    by_id = {service.id: service for service in services}
    views = []
    for siblings in (False, True):
        standing = _standing(members, siblings)
        views.append(View(_answers(by_id, standing, service_links), standing, _single(members, siblings)))
    by_service = {id: told(names) for id, names in _service_names(by_id, *views, service_links, wide).items()}
    by_container = {id: told(names) for id, names in _container_names(members, container_links).items()}
    result: dict[str, Names] = {}
    for member in members:
        # A container link loses to a service link of the same name.
        names = by_container.get(member.id, {}) | by_service.get(member.service_id or 0, {})
        names = told(_project_names(by_id, views[0])) | names if wide else names
        result[member.address] = {name: answer for name, answer in sorted(names.items()) if answer}
    return result


Standing = Mapping[tuple[int, str], Found]
"""Addresses by service and part (empty: the service itself)."""


class View(NamedTuple):
    """What services are answered with, and who stands for them: as all see it, or as siblings do."""

    answers: Mapping[int, Found]
    standing: Standing
    single: Mapping[int, dict[str, Found]]

    def full(self, service: Service) -> dict[str, Found]:
        """The names of a service in its stack."""
        short, stack = service.name.lower(), service.stack.lower()
        full = f"{short}.{stack}"
        parts = {f"{part}.{full}": each for part, each in self.parts(service)}
        return {**self.single[service.id], **parts, full: self.answers[service.id]}

    def short(self, service: Service) -> dict[str, Found]:
        """The names of its sidekicks without the stack."""
        return {f"{part}.{service.name}".lower(): each for part, each in self.parts(service)}

    def parts(self, service: Service) -> list[tuple[str, Found]]:
        """The sidekicks of a service."""
        return [(part, found) for (id, part), found in self.standing.items() if id == service.id and part]


def _standing(members: Iterable[Member], siblings: bool) -> Standing:
    """Who stands for a service or for a sidekick of it."""
    found: defaultdict[tuple[int, str], Found] = defaultdict(set)
    for member in members:
        own = [] if member.service_id is None else [(member.service_id, member.part.lower())]
        for place in [*own, *((id, "") for id in member.selected_by)]:
            found[place] |= {member.address} if member.answers and (member.healthy or siblings) else set()
    return found


def _single(members: Iterable[Member], siblings: bool) -> Mapping[int, dict[str, Found]]:
    """The containers of each service by their names; 0: those without."""
    found: defaultdict[int, defaultdict[str, Found]] = defaultdict(lambda: defaultdict(set))
    for member in members:
        if member.name:
            answers = member.answers and (member.healthy or siblings)
            found[member.service_id or 0][member.name.lower()] |= {member.address} if answers else set()
    return found


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
    services: Mapping[int, Service], to_all: View, to_siblings: View, links: Iterable[ServiceLink], wide: bool
) -> dict[int, dict[str, Found]]:
    """What every container of a service sees, by service id."""
    stacks: defaultdict[int, dict[str, Found]] = defaultdict(dict)
    for service in services.values():
        stacks[service.stack_id] |= to_all.short(service) | to_all.full(service)
        if wide:
            stacks[service.stack_id][service.name.lower()] = to_all.answers[service.id]
    seen = {
        service.id: {
            **stacks[service.stack_id],
            **to_siblings.short(service),
            **to_siblings.full(service),
            **dict(to_siblings.parts(service)),
            service.name.lower(): to_siblings.answers[service.id],
        }
        for service in services.values()
    }
    aliases: defaultdict[int, defaultdict[str, Found]] = defaultdict(lambda: defaultdict(set))
    for link in links:
        if link.consumer in services and link.target in services:
            alias = (link.alias or services[link.target].name).lower()
            aliases[link.consumer][alias] |= to_all.answers[link.target]
            for part, found in to_all.parts(services[link.target]):
                aliases[link.consumer][f"{part}.{alias}"] |= found
    for consumer, linked in aliases.items():
        seen[consumer].update(linked)
    return seen


def _project_names(services: Mapping[int, Service], to_all: View) -> dict[str, Found]:
    """What everybody in a project sees whose names are known in all of it."""
    seen = dict(to_all.single[0])
    for service in services.values():
        seen |= to_all.full(service)
    return seen


def _container_names(members: Iterable[Member], links: Iterable[ContainerLink]) -> dict[int, dict[str, Found]]:
    """What a container sees by links of its own, by container id."""
    address = {member.id: member.address for member in members if member.answers and member.healthy}
    seen: defaultdict[int, dict[str, Found]] = defaultdict(dict)
    for link in links:
        if link.target in address:
            seen[link.consumer].setdefault(link.alias.lower(), set()).add(address[link.target])
    return dict(seen)
