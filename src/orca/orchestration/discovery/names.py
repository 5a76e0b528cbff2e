# SPDX-License-Identifier: Apache-2.0
"""Discovery: which names there are in which scope. Pure: services and who stands for them in, names out.

Names have a scope. A client sees
- its own service by its name, and every service of its own stack as ``<service>.<stack>``;
- a linked service (or a linked container) by the alias of the link, else by its name;
- a sidekick by its name inside its own service, and as ``<sidekick>.<service>.<stack>`` in the stack;
- nothing else: a short name that is not linked goes to the outside world and fails there.

So a client has up to three scopes, and the first that has a name counts: its service with what that links to, its
stack, and the links of the container itself.

A service is answered with its healthy containers, or with all that run while none is healthy: a name does not vanish
for a bad check. An alias is answered with what the services behind it are answered with, a service elsewhere with its
addresses or its host name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from orca.hoststate.plan.dns import Answer, is_host_name

Names = dict[str, Answer]
"""Lower-case name -> sorted addresses, or the host name elsewhere that it stands for."""

Found = set[str]
"""Addresses and host names that answer for a name."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its id: its name and the name of its stack.

    ``elsewhere``: addresses, or one host name, that it stands for besides its containers. ``alias``: it stands for what
    it is linked to.
    """

    id: int
    name: str
    stack_id: int
    stack: str
    elsewhere: tuple[str, ...] = ()
    alias: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A container with a managed address; ``service_id`` is None for one that stands alone.

    One that is only starting asks already, but does not answer yet (``answers`` false). ``part`` names a sidekick: it
    does not stand for the service itself. ``selected_by``: other services that it stands for too.
    """

    id: int
    address: str
    service_id: int | None = None
    answers: bool = True
    part: str = ""
    healthy: bool = True
    selected_by: tuple[int, ...] = ()
    host_id: int = 0

    @property
    def stands_for(self) -> tuple[int, ...]:
        """The services that it stands for, whole or in part."""
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


def answering(service_id: int, members: Iterable[Member]) -> dict[str, Found]:
    """Who stands for a service (empty name) and for each of its sidekicks."""
    healthy: dict[str, Found] = {}
    running: dict[str, Found] = {}
    for member in members:
        places = {member.part.lower()} if member.service_id == service_id else set()
        if service_id in member.selected_by:
            places.add("")
        for place in places if member.answers else ():
            running.setdefault(place, set()).add(member.address)
            if member.healthy:
                healthy.setdefault(place, set()).add(member.address)
    return running | healthy


def in_stack(service: Service, found: Found, parts: Mapping[str, Found]) -> Names:
    """The names of a service and of its sidekicks (``parts``) in its stack. Those without an answer are left out."""
    full = f"{service.name}.{service.stack}".lower()
    return answered({full: found, **{f"{part}.{full}": found for part, found in parts.items()}})


def in_service(service: Service, found: Found, parts: Mapping[str, Found], links: Iterable[tuple[str, Found]]) -> Names:
    """What every container of a service sees besides its stack. An alias without an answer hides the stack's name."""
    own = told({**parts, service.name.lower(): found})
    return {name: answer for name, answer in own.items() if answer} | told(joined(links))


def joined(links: Iterable[tuple[str, Found]]) -> dict[str, Found]:
    """What is behind each alias: one that is given twice leads to both."""
    result: dict[str, Found] = {}
    for alias, found in links:
        result.setdefault(alias.lower(), set()).update(found)
    return result


def answered(names: Mapping[str, Found]) -> Names:
    """What is told of the names that have an answer."""
    return {name: answer for name, answer in told(names).items() if answer}


def told(names: Mapping[str, Found]) -> Names:
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
