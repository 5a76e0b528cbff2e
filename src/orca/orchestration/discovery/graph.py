# SPDX-License-Identifier: Apache-2.0
"""Discovery's graph: services, the containers that answer for them, and links. Pure: facts in, affected names out.

Everything is found through its neighbours, so that the cost of a change depends only on what it affects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NamedTuple

from orca.orchestration.discovery import scopes
from orca.orchestration.discovery.scopes import ContainerLink, Found, Member, Names, Service, ServiceLink


class Scope(NamedTuple):
    """Where names are visible: in a stack, in a service with its links, or in a container with its own links."""

    owner: str
    id: int

    def __str__(self) -> str:
        return f"{self.owner}-{self.id}"


STACK, SERVICE, CONTAINER, PROJECT = "stack", "service", "container", "project"


@dataclass(slots=True)
class Facts:
    """Present facts, by row id; None is gone.

    ``stacks``: their names. ``hosts``: whether they understand scopes. ``projects``: whether their containers see all
    of the project.
    """

    services: dict[int, Service | None] = field(default_factory=dict)
    members: dict[int, Member | None] = field(default_factory=dict)
    service_links: dict[int, ServiceLink | None] = field(default_factory=dict)
    container_links: dict[int, ContainerLink | None] = field(default_factory=dict)
    stacks: dict[int, str | None] = field(default_factory=dict)
    hosts: dict[int, bool] = field(default_factory=dict)
    projects: dict[int, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Touched:
    """What a change may affect: the names that a source adds to a scope, and containers as clients."""

    names: set[tuple[Scope, int]] = field(default_factory=set)
    clients: set[int] = field(default_factory=set)


class _Index:
    """Ids by key."""

    def __init__(self) -> None:
        self._sets: dict[int, set[int]] = {}

    def add(self, key: int, id: int) -> None:
        self._sets.setdefault(key, set()).add(id)

    def discard(self, key: int, id: int) -> None:
        found = self._sets.get(key)
        if found is not None:
            found.discard(id)
            if not found:
                del self._sets[key]

    def of(self, key: int) -> Iterator[int]:
        return iter(tuple(self._sets.get(key, ())))

    def has(self, key: int) -> bool:
        return key in self._sets


class NameGraph:
    """All services, members and links of the platform."""

    def __init__(self) -> None:
        self.members: dict[int, Member] = {}
        self._stacks: dict[int, str] = {}
        self._services: dict[int, Service] = {}
        self._links: dict[int, ServiceLink] = {}
        self._ties: dict[int, ContainerLink] = {}
        self.wide: set[int] = set()
        """Projects whose containers see all of the project."""
        self._in_stack = _Index()
        self._in_project = _Index()
        self._members_in = _Index()
        """By project."""
        self._members_of = _Index()
        self._links_of = _Index()
        self._links_to = _Index()
        self._ties_of = _Index()
        self._ties_to = _Index()

    # -- learning -----------------------------------------------------------------------------------------------------

    def learn(self, facts: Facts) -> Touched:
        """Learn facts; return what they affect, before and after."""
        touched = Touched()
        answering: set[int] = set()
        """Services whose names or answers may have changed."""
        consumers: set[int] = set()
        """Services whose links, or the targets of these, may have changed."""
        for id, tie in facts.container_links.items():
            self._learn_tie(id, tie, touched)
        for id, link in facts.service_links.items():
            consumers |= self._learn_link(id, link)
        for project, wide in facts.projects.items():
            answering |= self._learn_project(project, wide, touched)
        for stack_id, name in facts.stacks.items():
            answering |= self._learn_stack(stack_id, name, touched)
        for id, service in facts.services.items():
            answering |= self._learn_service(id, service, touched)
        for id, member in facts.members.items():
            answering |= self._learn_member(id, member, touched)
        self._spread(answering, consumers)
        touched.names |= {(Scope(SERVICE, id), id) for id in answering | consumers}
        touched.names |= {(scope, id) for id in answering for scope in self._shared(self._services.get(id))}
        return touched

    def _shared(self, service: Service | None) -> list[Scope]:
        """The scopes to which a service adds names, besides its own."""
        if service is None:
            return []
        wide = [Scope(PROJECT, service.project)] if service.project in self.wide else []
        return [Scope(STACK, service.stack_id), *wide]

    def _learn_project(self, project: int, wide: bool, touched: Touched) -> set[int]:
        """Learn whether the containers of a project see all of it."""
        if wide == (project in self.wide):
            return set()
        (self.wide.add if wide else self.wide.discard)(project)
        touched.clients |= set(self._members_in.of(project))
        return set(self._in_project.of(project))

    def _learn_stack(self, stack_id: int, name: str | None, touched: Touched) -> set[int]:
        """Learn the name of a stack; a removed stack has no services."""
        if self._stacks.get(stack_id) == name:
            return set()
        if name is None:
            del self._stacks[stack_id]
        else:
            self._stacks[stack_id] = name
        answering: set[int] = set()
        for id in self._in_stack.of(stack_id):
            service = None if name is None else replace(self._services[id], stack=name)
            answering |= self._learn_service(id, service, touched)
        return answering

    def _learn_service(self, id: int, service: Service | None, touched: Touched) -> set[int]:
        old = self._services.get(id)
        if old == service:
            return set()
        if old is not None:
            touched.names |= {(scope, id) for scope in self._shared(old)}
            del self._services[id]
            self._in_stack.discard(old.stack_id, id)
            self._in_project.discard(old.project, id)
        if service is not None:
            self._services[id] = service
            self._in_stack.add(service.stack_id, id)
            self._in_project.add(service.project, id)
        if (old and old.stack_id) != (service and service.stack_id):
            touched.clients |= set(self._members_of.of(id))
        return {id}

    def _learn_member(self, id: int, member: Member | None, touched: Touched) -> set[int]:
        if member is not None and not (member.stands_for or self._is_seen(member)):
            member = None  # it belongs to no service: nobody sees it, and it sees nothing
        old = self.members.get(id)
        if old == member:
            return set()
        affected: set[int] = set()
        if old is not None:
            del self.members[id]
            for service_id in old.stands_for:
                self._members_of.discard(service_id, id)
                affected.add(service_id)
            self._members_in.discard(old.project, id)
            if old.service_id is None:
                touched.names.add((Scope(PROJECT, old.project), -id))
        if member is not None:
            self.members[id] = member
            for service_id in member.stands_for:
                self._members_of.add(service_id, id)
                affected.add(service_id)
            self._members_in.add(member.project, id)
            if member.service_id is None:
                touched.names.add((Scope(PROJECT, member.project), -id))
        touched.clients.add(id)
        consumers = {self._ties[tie].consumer for tie in self._ties_to.of(id)}
        touched.names |= {(Scope(CONTAINER, consumer), consumer) for consumer in consumers}
        return affected

    def _is_seen(self, member: Member) -> bool:
        """True if a container sees names, or is seen, without a service."""
        return self._ties_of.has(member.id) or self._ties_to.has(member.id) or member.project in self.wide

    def _learn_link(self, id: int, link: ServiceLink | None) -> set[int]:
        old = self._links.pop(id, None)
        if old is not None:
            self._links_of.discard(old.consumer, id)
            self._links_to.discard(old.target, id)
        if link is not None:
            self._links[id] = link
            self._links_of.add(link.consumer, id)
            self._links_to.add(link.target, id)
        return {each.consumer for each in (old, link) if each is not None and old != link}

    def _learn_tie(self, id: int, tie: ContainerLink | None, touched: Touched) -> None:
        old = self._ties.pop(id, None)
        if old is not None:
            self._ties_of.discard(old.consumer, id)
            self._ties_to.discard(old.target, id)
        if tie is not None:
            self._ties[id] = tie
            self._ties_of.add(tie.consumer, id)
            self._ties_to.add(tie.target, id)
        for each in (old, tie) if old != tie else ():
            if each is not None:
                touched.names.add((Scope(CONTAINER, each.consumer), each.consumer))
                touched.clients.add(each.consumer)

    def _spread(self, answering: set[int], consumers: set[int]) -> None:
        """Add the services linked to those whose answers changed; through an alias also those linked to it."""
        answering |= {id for id in consumers if self._is_alias(id)}
        ahead = list(answering)
        while ahead:
            for link in self._links_to.of(ahead.pop()):
                consumer = self._links[link].consumer
                consumers.add(consumer)
                if self._is_alias(consumer) and consumer not in answering:
                    answering.add(consumer)
                    ahead.append(consumer)

    def _is_alias(self, id: int) -> bool:
        return id in self._services and self._services[id].alias

    # -- what is known ------------------------------------------------------------------------------------------------

    def scopes_of(self, member: Member) -> tuple[Scope, ...]:
        """The scopes that a container sees, in order of precedence."""
        scopes = []
        service = None if member.service_id is None else self._services.get(member.service_id)
        if service is not None:
            scopes += [Scope(SERVICE, service.id), Scope(STACK, service.stack_id)]
        if self._ties_of.has(member.id):
            scopes.append(Scope(CONTAINER, member.id))
        if member.project in self.wide:
            scopes.append(Scope(PROJECT, member.project))
        return tuple(scopes)

    def sources(self, scope: Scope) -> Iterator[int]:
        """The sources of a scope: ids of services, those without an answer left out, or negative ids of containers."""
        if scope.owner not in (STACK, PROJECT):
            return iter((scope.id,))
        index = self._in_stack if scope.owner == STACK else self._in_project
        services = (id for id in index.of(scope.id) if self._members_of.has(id) or self._is_elsewhere(id))
        if scope.owner == STACK:
            return services
        return chain(services, (-id for id in self._members_in.of(scope.id) if self.members[id].service_id is None))

    def _is_elsewhere(self, id: int) -> bool:
        return self._services[id].alias or bool(self._services[id].elsewhere)

    def names(self, scope: Scope, source: int) -> Names:
        """The names that a source adds to a scope."""
        if source < 0:
            member = self.members.get(-source)
            there = member is not None and member.project == scope.id
            return scopes.told(scopes.containers(None, [member] if member is not None and there else []))
        if scope.owner == CONTAINER:
            ties = [self._ties[id] for id in self._ties_of.of(source)]
            targets = [(tie.alias, self.members[tie.target]) for tie in ties if tie.target in self.members]
            return scopes.answered(
                scopes.joined(
                    (alias, {member.address}) for alias, member in targets if member.answers and member.healthy
                )
            )
        service = self._services.get(source)
        if service is None or scope not in (Scope(SERVICE, source), *self._shared(service)):
            return {}
        alone = scope.owner == STACK and service.project in self.wide
        answers, parts, single = self._behind(source), self._parts(source), self._single(source)
        if scope.owner == PROJECT:
            return scopes.in_project(service, answers, parts, single)
        to_all = scopes.in_stack(service, answers, parts, single, alone=alone)
        if scope.owner == STACK:
            return to_all
        found, parts = self._behind(source, siblings=True), self._parts(source, siblings=True)
        to_siblings = scopes.in_stack(service, found, parts, self._single(source, siblings=True))
        own = scopes.in_service(service, found, parts, self._linked(source))
        return {name: answer for name, answer in to_siblings.items() if to_all[name] != answer} | own

    def _linked(self, consumer: int) -> Iterator[tuple[str, Found]]:
        for id in self._links_of.of(consumer):
            link = self._links[id]
            target = self._services.get(link.target)
            if target is not None:
                alias = link.alias or target.name
                yield alias, self._behind(link.target) or set()
                for part, found in self._parts(link.target).items():
                    yield f"{part}.{alias}", found

    def _behind(self, service_id: int, *, siblings: bool = False) -> Found | None:
        """The answer for a service; None: there is nothing that could answer.

        Aliases of aliases are followed to their ends, each service once.
        """
        reached, ahead = {service_id}, [service_id]
        while ahead:
            id = ahead.pop()
            if self._is_alias(id):
                targets = {self._links[link].target for link in self._links_of.of(id)}
                new = {target for target in targets if target in self._services} - reached
                reached |= new
                ahead += new
        standing = [self._answering(id, siblings=siblings).get("") for id in reached]
        found = {each for id in reached for each in self._services[id].elsewhere}.union(*filter(None, standing))
        return found if found or any(each is not None for each in standing) else None

    def _parts(self, service_id: int, *, siblings: bool = False) -> dict[str, Found]:
        found = self._answering(service_id, siblings=siblings)
        return {part: addresses for part, addresses in found.items() if part}

    def _answering(self, service_id: int, *, siblings: bool) -> dict[str, Found]:
        return scopes.answering(service_id, self._members(service_id), siblings=siblings)

    def _single(self, service_id: int, *, siblings: bool = False) -> dict[str, Found]:
        return scopes.containers(service_id, self._members(service_id), siblings=siblings)

    def _members(self, service_id: int) -> Iterator[Member]:
        return (self.members[id] for id in self._members_of.of(service_id))
