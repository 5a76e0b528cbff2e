# SPDX-License-Identifier: Apache-2.0
"""Discovery: the names of each scope. Pure: services and their members in, names out.

Names have a scope. A client sees
- its own service by its name, and every service of its own stack as ``<service>.<stack>``;
- a linked service (or a linked container) by the alias of the link, else by its name;
- a sidekick by its name inside its own service, in the stack as ``<sidekick>.<service>``, with and without
  ``.<stack>``, and through a link as ``<sidekick>.<alias>``;
- each container of its stack by its name;
- nothing else: an unlinked short name goes to the upstream resolver and fails there.

In a project whose ``dnsScope`` is ``project`` (the rule of Rancher 1.0) a client also sees every service of its stack
by its short name, and all names of the other stacks and of containers without a service.

So a client has up to four scopes: its service with its links, its stack, the links of the container itself, and its
project. The first scope with a name counts.

The answer for a service is its healthy containers. Those that have not been judged yet answer to siblings only, the
containers of the same service. A name whose containers do not answer exists, without addresses. The answer for an alias
is that of the services behind it. The answer for a service elsewhere is its addresses or its host name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from orca.hoststate.plan.dns import Answer, is_host_name

Names = dict[str, Answer]
"""Lower-case name -> sorted addresses, or a host name elsewhere."""

Found = set[str]
"""Addresses and host names that answer for a name."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its id: its name and the name of its stack.

    ``elsewhere``: addresses, or one host name, that answer besides its containers. ``alias``: the targets of its links
    answer.
    """

    id: int
    name: str
    stack_id: int
    stack: str
    elsewhere: tuple[str, ...] = ()
    alias: bool = False
    project: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A container with a managed address; ``service_id`` is None if it belongs to no service.

    A container that is starting or unhealthy resolves names, but does not answer (``answers`` false). One that is not
    ``healthy`` has not been judged yet. ``part`` names a sidekick, which does not answer for the service itself.
    ``selected_by``: other services for which it answers too.
    """

    id: int
    address: str
    service_id: int | None = None
    answers: bool = True
    part: str = ""
    healthy: bool = True
    selected_by: tuple[int, ...] = ()
    host_id: int = 0
    name: str = ""
    project: int = 0

    @property
    def stands_for(self) -> tuple[int, ...]:
        """The services for which it answers, whole or in part."""
        return self.selected_by if self.service_id is None else (self.service_id, *self.selected_by)


@dataclass(frozen=True, slots=True)
class ServiceLink:
    """Containers of service ``consumer`` see service ``target`` as ``alias``."""

    consumer: int
    target: int
    alias: str


@dataclass(frozen=True, slots=True)
class ContainerLink:
    """Container ``consumer`` sees container ``target`` as ``alias``."""

    consumer: int
    target: int
    alias: str


def answering(service_id: int, members: Iterable[Member], *, siblings: bool = False) -> dict[str, Found]:
    """The addresses that answer for a service (empty name) and for each of its sidekicks.

    A name is there if it has containers, whether they answer or not. ``siblings``: as the service's own containers see
    it.
    """
    found: dict[str, Found] = {}
    for member in members:
        places = {member.part.lower()} if member.service_id == service_id else set()
        if service_id in member.selected_by:
            places.add("")
        for place in places:
            addresses = found.setdefault(place, set())
            if member.answers and (member.healthy or siblings):
                addresses.add(member.address)
    return found


def containers(service_id: int | None, members: Iterable[Member], *, siblings: bool = False) -> dict[str, Found]:
    """The names of the containers of a service, sidekicks too; None: of those without.

    ``siblings``: as for ``answering``.
    """
    own = [member for member in members if member.service_id == service_id and member.name]
    return joined((each.name, {each.address} if each.answers and (each.healthy or siblings) else set()) for each in own)


def in_project(service: Service, found: Found | None, parts: Mapping[str, Found], single: Mapping[str, Found]) -> Names:
    """The full names of a service, of its sidekicks (``parts``) and containers (``single``).

    ``found`` None: the service has no name.
    """
    full = f"{service.name}.{service.stack}".lower()
    names = {**single, **{f"{part}.{full}": each for part, each in parts.items()}}
    return told(names if found is None else {**names, full: found})


def in_stack(
    service: Service,
    found: Found | None,
    parts: Mapping[str, Found],
    single: Mapping[str, Found],
    *,
    alone: bool = False,
) -> Names:
    """The names of a service in its stack: the full ones, and those of its sidekicks without the stack.

    ``alone``: its own without the stack too.
    """
    short = service.name.lower()
    # In a stack of that name it would be the name of another service.
    sidekicks = {} if short == service.stack.lower() else {f"{part}.{short}": each for part, each in parts.items()}
    names = {short: found} if alone and found is not None else {}
    return told({**sidekicks, **names}) | in_project(service, found, parts, single)


def in_service(
    service: Service, found: Found | None, parts: Mapping[str, Found], links: Iterable[tuple[str, Found]]
) -> Names:
    """What every container of a service sees besides its stack. An alias without an answer hides the stack's name."""
    names = {} if found is None else {service.name.lower(): found}
    return told({**parts, **names}) | told(joined(links))


def joined(links: Iterable[tuple[str, Found]]) -> dict[str, Found]:
    """The targets of each alias; an alias that is given twice leads to both."""
    result: dict[str, Found] = {}
    for alias, found in links:
        result.setdefault(alias.lower(), set()).update(found)
    return result


def answered(names: Mapping[str, Found]) -> Names:
    """The entries of the names that have an answer."""
    return {name: answer for name, answer in told(names).items() if answer}


def told(names: Mapping[str, Found]) -> Names:
    """The entry of each name. A host name counts only without addresses."""
    return {name: _answer(found) for name, found in names.items() if is_host_name(name)}


def _answer(found: Found) -> Answer:
    hosts = {each for each in found if not _is_address(each)}
    return sorted(found - hosts, key=_numeric) or min(hosts, default=[])


def _is_address(text: str) -> bool:
    return ":" in text or text.rpartition(".")[2].isdecimal()


def _numeric(address: str) -> tuple[int, int]:
    parsed = ip_address(address)
    return parsed.version, int(parsed)
