# SPDX-License-Identifier: Apache-2.0
"""The names for each host: the config items ``names/<scope>`` and ``dns/<address>``. Pure: facts in, items out.

A host gets the scopes that its containers use, each once. A stack comes in up to ``PARTS`` items. So a change of one
service sends the names in its part again, and not those of the whole stack.

An agent of 0.1.0 knows no scopes: its host gets all names with each ``dns/<address>`` item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orca.hoststate.plan.items import DNS, NAMES
from orca.orchestration.discovery.graph import PROJECT, STACK, Facts, NameGraph, Scope, Touched
from orca.orchestration.discovery.scopes import Names

PARTS = 64
SHARED = (STACK, PROJECT)
"""Scopes with many sources, which come in parts."""

Items = dict[tuple[int, str], dict[str, Any] | None]
"""(host id, item) -> the wanted description; None: no longer wanted."""


class Client(NamedTuple):
    """A container that resolves names on a host."""

    id: int
    host_id: int
    address: str
    scopes: tuple[Scope, ...]


@dataclass(slots=True)
class _Stale:
    """Items to compare: parts of scopes, and clients, by host."""

    parts: set[tuple[int, Scope, int]] = field(default_factory=set)
    clients: set[tuple[int, str]] = field(default_factory=set)


class Directory:
    """All names and all clients of the platform."""

    def __init__(self) -> None:
        self._graph = NameGraph()
        self._clients: dict[int, Client] = {}
        self._asking: dict[int, dict[str, dict[int, Client]]] = {}
        """Clients by host, address and container: those that share a network have one address."""
        self._users: dict[Scope, Counter[int]] = {}
        """Per scope and host: how many clients use it."""
        self._told: dict[Scope, dict[int, dict[int, Names]]] = {}
        """The names of the scopes in use, by part and by source."""
        self._understands: set[int] = set()
        """Hosts whose agents understand scopes."""

    def learn(self, facts: Facts) -> Items:
        """Learn facts; return the items that may differ now, in the order in which they should arrive."""
        stale = _Stale()
        for host_id, understands in facts.hosts.items():
            self._meet(host_id, understands, stale)
        touched = self._graph.learn(facts)
        moved = self._update_clients(touched, stale)
        self._update_names(touched, stale)
        wanted: Items = {(host, _item(scope, part)): self._part(host, scope, part) for host, scope, part in stale.parts}
        items: Items = {key: names for key, names in wanted.items() if names is not None}
        items |= {(host, DNS.item(address)): self._client(host, address) for host, address in stale.clients}
        self._forget_unused(moved)
        return items | wanted

    def sees_all(self, project_id: int) -> bool:
        """True if the containers of a project see all of it."""
        return project_id in self._graph.wide

    def items(self, host_id: int) -> dict[str, dict[str, Any]]:
        """All items of a host."""
        clients = self._asking.get(host_id, {})
        scopes = {scope for address in clients for scope in self._scopes(host_id, address)}
        parts = [(scope, part) for scope in scopes for part in self._told[scope]]
        wanted: dict[str, Any] = {_item(scope, part): self._part(host_id, scope, part) for scope, part in parts}
        wanted |= {DNS.item(address): self._client(host_id, address) for address in clients}
        return {name: description for name, description in wanted.items() if description is not None}

    # -- who uses what ------------------------------------------------------------------------------------------------

    def _meet(self, host_id: int, understands: bool, stale: _Stale) -> None:
        """A host's agent began or stopped to understand scopes: all its items change their form."""
        if understands == (host_id in self._understands):
            return
        (self._understands.add if understands else self._understands.discard)(host_id)
        for address in self._asking.get(host_id, {}):
            stale.clients.add((host_id, address))
            scopes = self._scopes(host_id, address)
            stale.parts |= {(host_id, scope, part) for scope in scopes for part in self._told[scope]}

    def _update_clients(self, touched: Touched, stale: _Stale) -> set[Scope]:
        """Update clients. Returns the scopes that a host begins or stops to use."""
        moved: set[tuple[int, Scope]] = set()
        for id in touched.clients:
            old, new = self._clients.get(id), self._as_client(id)
            if old != new:
                moved |= self._withdraw(old, stale) ^ self._enter(new, stale)
        for host_id, scope in moved:
            if scope not in self._told:
                self._told[scope] = {}
                touched.names |= {(scope, source) for source in self._graph.sources(scope)}
            if host_id in self._understands:
                stale.parts |= {(host_id, scope, part) for part in self._told[scope]}
        return {scope for _, scope in moved}

    def _as_client(self, id: int) -> Client | None:
        member = self._graph.members.get(id)
        scopes = () if member is None else self._graph.scopes_of(member)
        return None if member is None or not scopes else Client(id, member.host_id, member.address, scopes)

    def _withdraw(self, client: Client | None, stale: _Stale) -> set[tuple[int, Scope]]:
        """Remove a client. Returns the scopes that its host no longer uses."""
        if client is None:
            return set()
        del self._clients[client.id]
        here = self._asking[client.host_id]
        del here[client.address][client.id]
        if not here[client.address]:
            del here[client.address]
        if not here:
            del self._asking[client.host_id]
        stale.clients.add((client.host_id, client.address))
        unused = set()
        for scope in client.scopes:
            users = self._users[scope]
            users[client.host_id] -= 1
            if not users[client.host_id]:
                del users[client.host_id]
                unused.add((client.host_id, scope))
        return unused

    def _enter(self, client: Client | None, stale: _Stale) -> set[tuple[int, Scope]]:
        """Add a client. Returns the scopes that its host begins to use."""
        if client is None:
            return set()
        self._clients[client.id] = client
        self._asking.setdefault(client.host_id, {}).setdefault(client.address, {})[client.id] = client
        stale.clients.add((client.host_id, client.address))
        new = set()
        for scope in client.scopes:
            users = self._users.setdefault(scope, Counter())
            users[client.host_id] += 1
            if users[client.host_id] == 1:
                new.add((client.host_id, scope))
        return new

    # -- what they hold -----------------------------------------------------------------------------------------------

    def _update_names(self, touched: Touched, stale: _Stale) -> None:
        for scope, source in touched.names:
            parts = self._told.get(scope)
            if parts is None:
                continue  # nobody sees it
            part = source % PARTS if scope.owner in SHARED else 0
            names = self._graph.names(scope, source)
            present = parts.setdefault(part, {})
            if present.get(source, {}) == names:
                continue
            present.pop(source, None)
            if names:
                present[source] = names
            for host_id in self._users.get(scope, ()):
                if host_id in self._understands:
                    stale.parts.add((host_id, scope, part))
                else:
                    addresses = self._asking[host_id]
                    stale.clients |= {(host_id, each) for each in addresses if scope in self._scopes(host_id, each)}

    def _forget_unused(self, scopes: set[Scope]) -> None:
        for scope in scopes:
            if not self._users[scope]:
                del self._users[scope], self._told[scope]

    def _part(self, host_id: int, scope: Scope, part: int) -> dict[str, Any] | None:
        if host_id not in self._understands or host_id not in self._users.get(scope, ()):
            return None
        names = _joined(self._told[scope][part].values())
        return {"names": names} if names else None

    def _scopes(self, host_id: int, address: str) -> list[Scope]:
        """The scopes that an address sees: those of the containers that have it, in order of precedence."""
        clients = self._asking.get(host_id, {}).get(address, {})
        return list(dict.fromkeys(scope for _, client in sorted(clients.items()) for scope in client.scopes))

    def _client(self, host_id: int, address: str) -> dict[str, Any] | None:
        scopes = self._scopes(host_id, address)
        if not scopes:
            return None
        if host_id in self._understands:
            return {"scopes": [str(scope) for scope in scopes]}
        parts = [part for scope in reversed(scopes) for part in self._told[scope].values()]
        names = _joined(names for part in parts for names in part.values())
        answered = {name: answer for name, answer in names.items() if answer}
        return {"names": answered} if answered else None


def _joined(tables: Iterable[Names]) -> Names:
    """All names of some tables, ordered; if a name occurs twice, the last one counts."""
    names: Names = {}
    for table in tables:
        names |= table
    return dict(sorted(names.items()))


def _item(scope: Scope, part: int) -> str:
    return NAMES.item(str(scope), str(part)) if scope.owner in SHARED else NAMES.item(str(scope))
