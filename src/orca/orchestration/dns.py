# SPDX-License-Identifier: Apache-2.0
"""Discovery: which names a container sees. Pure: a picture of the environment in, one name table per client out.

The scoping is the article's. A client sees
- its own service by its name, and every service of its own stack as `<service>.<stack>`;
- a linked service (or a linked container) by the alias of the link, else by its name;
- a sidekick by its name inside its own service, and as `<sidekick>.<service>.<stack>` in the stack;
- nothing else: a short name that is not linked goes to the outside world and fails there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Names = dict[str, list[str]]
"""Lower-case name -> sorted addresses."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its id: its name and the name of its stack."""

    id: int
    name: str
    stack_id: int
    stack: str


@dataclass(frozen=True, slots=True)
class Member:
    """A container with a managed address; `service_id` is None for one that stands alone.

    One that is only starting asks already, but does not answer yet (`answers` false). `part` names a sidekick: it does
    not stand for the service itself.
    """

    id: int
    address: str
    service_id: int | None = None
    answers: bool = True
    part: str = ""


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


def tables(
    services: Iterable[Service],
    members: Iterable[Member],
    service_links: Iterable[ServiceLink] = (),
    container_links: Iterable[ContainerLink] = (),
) -> dict[str, Names]:
    """Return the name table of each client address (clients that see nothing have an empty one)."""
    members = list(members)
    by_id = {service.id: service for service in services}
    addresses: defaultdict[int, set[str]] = defaultdict(set)
    sidekicks: defaultdict[int, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for member in members:
        if member.service_id is None or not member.answers:
            continue
        if member.part:
            sidekicks[member.service_id][member.part.lower()].add(member.address)
        else:
            addresses[member.service_id].add(member.address)
    by_service = _service_names(by_id, addresses, sidekicks, service_links)
    by_container = _container_names(members, container_links)
    result: dict[str, Names] = {}
    for member in members:
        # A container link loses to a service link of the same name.
        names: dict[str, set[str]] = dict(by_container.get(member.id, {}))
        if member.service_id is not None:
            names.update(by_service.get(member.service_id, {}))
        result[member.address] = {name: sorted(found, key=_numeric) for name, found in sorted(names.items()) if found}
    return result


def _service_names(
    services: Mapping[int, Service],
    addresses: Mapping[int, set[str]],
    sidekicks: Mapping[int, Mapping[str, set[str]]],
    links: Iterable[ServiceLink],
) -> dict[int, dict[str, set[str]]]:
    """What every container of a service sees, by service id."""
    stacks: defaultdict[int, dict[str, set[str]]] = defaultdict(dict)
    for service in services.values():
        full = f"{service.name}.{service.stack}".lower()
        stacks[service.stack_id][full] = addresses.get(service.id, set())
        for part, members in sidekicks.get(service.id, {}).items():
            stacks[service.stack_id][f"{part}.{full}"] = members
    seen = {
        service.id: {
            **stacks[service.stack_id],
            **sidekicks.get(service.id, {}),
            service.name.lower(): addresses.get(service.id, set()),
        }
        for service in services.values()
    }
    aliases: defaultdict[int, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for link in links:
        if link.consumer in services and link.target in services:
            alias = (link.alias or services[link.target].name).lower()
            aliases[link.consumer][alias] |= addresses.get(link.target, set())
    for consumer, found in aliases.items():
        seen[consumer].update(found)
    return seen


def _container_names(members: Iterable[Member], links: Iterable[ContainerLink]) -> dict[int, dict[str, set[str]]]:
    """What a container sees by links of its own, by container id."""
    address = {member.id: member.address for member in members if member.answers}
    seen: defaultdict[int, dict[str, set[str]]] = defaultdict(dict)
    for link in links:
        if link.target in address:
            seen[link.consumer].setdefault(link.alias.lower(), set()).add(address[link.target])
    return dict(seen)


def _numeric(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))
