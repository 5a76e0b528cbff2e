# SPDX-License-Identifier: Apache-2.0
"""Choose the host of a container. Pure: facts in, the choice or the reasons out.

Hard constraints come first, and each refusal has its reason. Among the remaining hosts the preferred one wins: it has
the address that waits for the container. Otherwise the order is: fewest unmet soft constraints, fewest containers of
the same service, fewest containers, lowest id (a stable choice).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orca.orchestration.placement.constraints import NOTHING, Constraint, Surroundings, holds
from orca.orchestration.syntax.ports import ANY, PublicPort
from orca.storage.named import Limit


class Published:
    """The holders of one host's public ports. Each has one holder, and the wildcard covers every address."""

    def __init__(self, held: Mapping[PublicPort, str]) -> None:
        self._holders: defaultdict[tuple[int, str], dict[str, str]] = defaultdict(dict)
        for port, holder in held.items():
            self.add(port, holder)

    def add(self, port: PublicPort, holder: str) -> None:
        """Add the holder of a port."""
        self._holders[port.port, port.protocol][port.bind] = holder

    def holder(self, port: PublicPort) -> str | None:
        """The holder of a port that conflicts with this one."""
        found = self._holders.get((port.port, port.protocol))
        if not found:
            return None
        return next(iter(found.values())) if port.bind == ANY else found.get(port.bind, found.get(ANY))


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What placement knows of a host.

    ``held`` names the holder of each public port; ``avoid`` is a passing reason not to use the host (its agent is
    away); ``simulated``: a simulated host, which accepts simulated images too.
    """

    id: int
    name: str
    state: str
    containers: int = 0
    of_service: int = 0
    held: Mapping[PublicPort, str] = field(default_factory=dict)
    avoid: str | None = None
    simulated: bool = False
    surroundings: Surroundings = NOTHING


@dataclass(frozen=True, slots=True)
class Wanted:
    """The requirements of a container; a ``simulated`` one does not really run.

    ``beside`` are the hosts of the containers that it must join, ``address_on`` the one with the requested address.
    ``preferred`` wins over all others if it fits. ``volumes`` are the limits that its volumes set.
    """

    ports: tuple[PublicPort, ...] = ()
    requested_host_id: int | None = None
    simulated: bool = False
    beside: frozenset[int] = frozenset()
    address_on: int | None = None
    preferred: int | None = None
    constraints: tuple[Constraint, ...] = ()
    volumes: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """The chosen host, and why each other host was refused (name -> reason)."""

    host_id: int
    refused: Mapping[str, str]


class NoHost(Exception):
    """No host can run the container; the message gives the reason of each.

    ``later`` holds the ids of hosts that could but for a passing reason (``HostFacts.avoid``).
    """

    def __init__(self, refused: Mapping[str, str], later: Iterable[int] = ()) -> None:
        self.refused = dict(refused)
        self.later = tuple(later)
        if refused:
            detail = "; ".join(f"{name}: {reason}" for name, reason in sorted(refused.items()))
        else:
            detail = "there is no host"
        super().__init__(f"Allocation failed: No healthy hosts with sufficient resources available ({detail})")


def choose(wanted: Wanted, hosts: Iterable[HostFacts]) -> Placement:
    """Choose a host for ``wanted``.

    Raises:
        NoHost: every host refuses.
    """
    hosts = list(hosts)
    refused: dict[str, str] = {}
    fitting: list[HostFacts] = []
    for host in hosts:
        reason = refusal(wanted, host)
        if reason is None:
            fitting.append(host)
        else:
            refused[host.name] = reason
    if not fitting:
        raise NoHost(refused, [host.id for host in hosts if refusal(wanted, replace(host, avoid=None)) is None])
    best = min(fitting, key=lambda host: _rank(wanted, host))
    return Placement(best.id, refused)


def refusal(wanted: Wanted, host: HostFacts) -> str | None:
    """The first hard constraint that ``host`` does not meet, or None."""
    named = wanted.requested_host_id == host.id
    if wanted.requested_host_id is not None and not named:
        return "another host was requested"
    if wanted.beside - {host.id}:
        return "the containers that it must join are on another host"
    if wanted.address_on not in (None, host.id):
        return "the requested address is not in its range"
    for limit in wanted.volumes:
        if host.id not in limit.hosts:
            return limit.why
    if wanted.simulated and not host.simulated:
        return "does not run simulated images"
    if host.state != "active":
        return f"is {host.state}"
    if host.avoid is not None and not named:
        return host.avoid
    for constraint in wanted.constraints:
        if not constraint.soft and not holds(constraint, host.surroundings):
            return f"not {constraint}"
    published = Published(host.held if wanted.ports else {})
    for port in wanted.ports:
        holder = published.holder(port)
        if holder is not None:
            return f"port {port} is used by {holder}"
    return None


def _rank(wanted: Wanted, host: HostFacts) -> tuple[bool, int, int, int, int]:
    return host.id != wanted.preferred, _disappointed(wanted, host), host.of_service, host.containers, host.id


def _disappointed(wanted: Wanted, host: HostFacts) -> int:
    """How many soft constraints do not hold on a host."""
    return sum(constraint.soft and not holds(constraint, host.surroundings) for constraint in wanted.constraints)
