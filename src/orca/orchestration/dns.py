# SPDX-License-Identifier: Apache-2.0
"""Discovery: which names a container sees. Pure: a picture of the environment in, one name table per client out.

The scoping is the article's. A client sees
- its own service by its name, and every service of its own stack as `<service>.<stack>`;
- a linked service (or a linked container) by the alias of the link, else by its name;
- a sidekick by its name inside its own service, and as `<sidekick>.<service>.<stack>` in the stack;
- nothing else: a short name that is not linked goes to the outside world and fails there.

A service is answered with its healthy containers, or with all that run while none is healthy: a name does not vanish
for a bad check. An alias is answered with what the services behind it are answered with, a service elsewhere with its
addresses or its host name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from orca.hoststate.plan.dns import Answer, is_host_name

Names = dict[str, Answer]
"""Lower-case name -> sorted addresses, or the host name elsewhere that it stands for."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its id: its name and the name of its stack.

    `elsewhere`: addresses, or one host name, that it stands for besides its containers. `alias`: it stands for what it
    is linked to.
    """

    id: int
    name: str
    stack_id: int
    stack: str
    elsewhere: tuple[str, ...] = ()
    alias: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A container with a managed address; `service_id` is None for one that stands alone.

    One that is only starting asks already, but does not answer yet (`answers` false). `part` names a sidekick: it does
    not stand for the service itself. `selected_by`: other services that it stands for too.
    """

    id: int
    address: str
    service_id: int | None = None
    answers: bool = True
    part: str = ""
    healthy: bool = True
    selected_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceLink:
    """Containers of service `consumer` see service `target` as `alias`."""

    consumer: int
    target: int
    alias: str


@dataclass(frozen=True, slots=True)
class ContainerLink:
    """Container `consumer` sees container `target` as `alias`."""

    consumer: int
    target: int
    alias: str


Found = set[str]
"""Addresses and host names that answer for a name."""


def tables(
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
    by_service = {id: _told(names) for id, names in _service_names(by_id, answers, standing, service_links).items()}
    by_container = {id: _told(names) for id, names in _container_names(members, container_links).items()}
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


def _told(names: Mapping[str, Found]) -> Names:
    """What is told of each name that can be looked up. A host name is told only where there are no addresses."""
    return {name: _answer(found) for name, found in names.items() if is_host_name(name)}


def _answer(found: Found) -> Answer:
    hosts = {each for each in found if not _is_address(each)}
    return sorted(found - hosts, key=_numeric) or min(hosts, default=[])


def _is_address(text: str) -> bool:
    return ":" in text or text.rpartition(".")[2].isdecimal()


def _numeric(address: str) -> tuple[int, int]:
    parsed = ip_address(address)
    return parsed.version, int(parsed)
