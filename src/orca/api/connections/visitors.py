# SPDX-License-Identifier: Apache-2.0
"""All connections: for which of them the server waits, and which are cut off when there are too many.

Until a client has shown credentials it is a stranger and counts for its address. Afterwards it counts for its key,
because many agents and people share one address. A new client is always admitted; the one that the server has waited
for longest is cut off. So a silent client never keeps out another, not even one of its own address.
"""

from __future__ import annotations

import asyncio
import ipaddress
import resource
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from orca.api.connections.cuts import Cuts
from orca.api.connections.proxies import Proxies, client_of, is_trusted, parse_address
from orca.resources.errors import Refused

PER_ADDRESS = 512
"""Most strangers of one address (of one /64 in IPv6) that the server waits for."""
STRANGERS = 4096
"""The same for all addresses together: each may hold the memory of one small body."""
PER_KEY = 2000
"""Connections of one key, WebSockets included."""
DESCRIPTORS = 131_072
"""Files and connections that the server requests from the system."""
SPARE = 8
"""One in so many of them is kept for files, databases and what the server dials itself."""


class Visitor:
    """One connection. ``cut`` ends it at once; the protocol that serves the connection sets it."""

    __slots__ = ("_visitors", "address", "cut", "key", "peer", "waiting")

    def __init__(self, visitors: Visitors, peer: str) -> None:
        self.peer = peer
        self.cut: Callable[[], object] = _nothing
        self.address: str | None = None
        """The address it counts for until there is a key; None for a proxy that has not named its client."""
        self.key: str | None = None
        self.waiting = False
        """True if the server waits for this client to send something."""
        self._visitors = visitors

    def waits(self) -> None:
        """The server waits for the client: for the rest of a request, or for the next one."""
        self._visitors.wait(self)

    def served(self) -> None:
        """The request is complete, the server works on it."""
        self._visitors.serve(self)

    def asks(self, forwarded_for: str) -> None:
        """A request begins, for the client that a trusted proxy names; its credentials were not checked yet."""
        self._visitors.ask(self, forwarded_for)

    def shows(self, key: str) -> None:
        """The credentials are valid. Raises ``Refused`` if too many connections use them and none is idle."""
        self._visitors.known(self, key)

    def leaves(self) -> None:
        """The connection is gone."""
        self._visitors.leave(self)


class Visitors:
    """All connections of a server. ``capacity``: how many there may be."""

    def __init__(self, trusted: Proxies, capacity: int) -> None:
        self.capacity = capacity
        self.cuts = Cuts()
        self.trusted = trusted
        self._all: set[Visitor] = set()
        self._of_key: Counter[str] = Counter()
        # Longest waiting first, as dicts keep their order: strangers of an address, all strangers, connections of a
        # key.
        self._by_address: dict[str, dict[Visitor, None]] = {}
        self._strangers: dict[Visitor, None] = {}
        self._idle: dict[str, dict[Visitor, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    @property
    def strangers(self) -> int:
        """Connections that the server waits for before credentials were checked."""
        return len(self._strangers)

    def enter(self, peer: str) -> Visitor | None:
        """Add a connection, which the server waits for; None if there is no room and nobody can be cut off."""
        if len(self._all) >= self.capacity and not self.make_room():
            self.cuts.add("refused", peer)
            return None
        visitor = Visitor(self, peer)
        visitor.address = None if is_trusted(peer, self.trusted) else group(peer)
        self._all.add(visitor)
        self.wait(visitor)
        return visitor

    def make_room(self) -> bool:
        """Cut off the client that the server has waited for longest: a stranger, else an idle one; False if there
        is none.
        """
        if self._strangers:
            self._cut(next(iter(self._strangers)), "full")
            return True
        if self._idle:
            longest = max(self._idle.values(), key=len)
            self._cut(next(iter(longest)), "full")
            return True
        return False

    def wait(self, visitor: Visitor) -> None:
        """See ``Visitor.waits``. It is the last in its queue."""
        self.serve(visitor)
        if visitor not in self._all:
            return
        visitor.waiting = True
        if visitor.key is not None:
            self._idle.setdefault(visitor.key, {})[visitor] = None
            return
        self._strangers[visitor] = None
        if visitor.address is not None:
            same = self._by_address.setdefault(visitor.address, {})
            same[visitor] = None
            if len(same) > PER_ADDRESS:
                self._cut(next(iter(same)), "address")
        if len(self._strangers) > STRANGERS:
            self._cut(next(iter(self._strangers)), "strangers")

    def serve(self, visitor: Visitor) -> None:
        """See ``Visitor.served``."""
        if not visitor.waiting:
            return
        visitor.waiting = False
        if visitor.key is not None:
            _discard(self._idle, visitor.key, visitor)
            return
        del self._strangers[visitor]
        if visitor.address is not None:
            _discard(self._by_address, visitor.address, visitor)

    def ask(self, visitor: Visitor, forwarded_for: str) -> None:
        """See ``Visitor.asks``."""
        self.serve(visitor)
        self._forget_key(visitor)
        visitor.address = group(client_of(visitor.peer, forwarded_for, self.trusted))
        self.wait(visitor)

    def known(self, visitor: Visitor, key: str) -> None:
        """See ``Visitor.shows``."""
        waiting = visitor.waiting
        self.serve(visitor)
        if key != visitor.key:
            self._forget_key(visitor)
            if self._of_key[key] >= PER_KEY:
                if key not in self._idle:
                    self.cuts.add("key", visitor.peer)
                    message = f"one key has at most {PER_KEY} connections; close some, or use another key"
                    raise Refused("Too Many Requests", message, status=429)
                self._cut(next(iter(self._idle[key])), "key")
            self._of_key[key] += 1
            visitor.key = key
        if waiting:
            self.wait(visitor)

    def leave(self, visitor: Visitor) -> None:
        """See ``Visitor.leaves``."""
        self.serve(visitor)
        self._forget_key(visitor)
        self._all.discard(visitor)

    def _forget_key(self, visitor: Visitor) -> None:
        if visitor.key is None:
            return
        self._of_key[visitor.key] -= 1
        if not self._of_key[visitor.key]:
            del self._of_key[visitor.key]
        visitor.key = None

    def _cut(self, visitor: Visitor, reason: str) -> None:
        self.cuts.add(reason, visitor.address or visitor.peer)
        self.leave(visitor)
        # Not within the caller's own callback, because that connection may be the one that is cut.
        asyncio.get_running_loop().call_soon(visitor.cut)


def _nothing() -> None:
    """Nobody serves the connection yet."""


def _discard(queues: dict[str, dict[Visitor, None]], name: str, visitor: Visitor) -> None:
    queue = queues[name]
    del queue[visitor]
    if not queue:
        del queues[name]


@lru_cache(maxsize=1024)
def group(address: str) -> str:
    """The group of an address: itself, or in IPv6 its /64, which belongs to one subscriber."""
    parsed = parse_address(address)
    if parsed is None or parsed.version == 4:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def raise_limit() -> int:
    """Raise the limit of open files up to ``DESCRIPTORS``; return how many connections that allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    allowed = DESCRIPTORS if soft == resource.RLIM_INFINITY else soft
    return allowed - allowed // SPARE
