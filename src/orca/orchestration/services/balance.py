# SPDX-License-Identifier: Apache-2.0
"""Plan which deployment units move so that hosts have evenly many. Pure: facts in, moves out.

First the units of each service spread; then hosts get evenly many containers, as far as no service becomes less spread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

MOST = 200
"""Most moves of one plan."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A deployment unit: its service, its number there, its host, how many containers it has."""

    service: int
    number: int
    host: int
    size: int = 1
    movable: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """A unit that moves, its new host as far as that can be told, and why."""

    unit: Unit
    to: int
    reason: str


Fits = Callable[[Unit, int], bool]
"""True if a host takes a unit."""


class _State:
    """The hosts' units while a plan is made."""

    def __init__(self, hosts: Mapping[int, str], units: Iterable[Unit], services: Mapping[int, str]) -> None:
        self.names, self.services = hosts, services
        self.units = [unit for unit in units if unit.host in hosts]
        self.total: Counter[int] = Counter(dict.fromkeys(hosts, 0))
        self.spread: dict[int, Counter[int]] = {}
        for unit in self.units:
            self.total[unit.host] += unit.size
            self.spread.setdefault(unit.service, Counter(dict.fromkeys(hosts, 0)))[unit.host] += 1
        self.moved: set[tuple[int, int]] = set()

    def candidates(self, host: int, service: int | None = None) -> list[Unit]:
        """The units of a host that may move and did not yet, the newest first."""
        found = [
            unit
            for unit in self.units
            if unit.host == host
            and unit.movable
            and service in (None, unit.service)
            and self.key(unit) not in self.moved
        ]
        return sorted(found, key=lambda unit: (unit.service, -unit.number))

    @staticmethod
    def key(unit: Unit) -> tuple[int, int]:
        return unit.service, unit.number

    def move(self, unit: Unit, to: int) -> None:
        self.moved.add(self.key(unit))
        for counts, size in ((self.total, unit.size), (self.spread[unit.service], 1)):
            counts[unit.host] -= size
            counts[to] += size


def plan(hosts: Mapping[int, str], units: Sequence[Unit], services: Mapping[int, str], fits: Fits) -> list[Move]:
    """The moves that even out the hosts (id -> name). ``services``: their names by id."""
    state = _State(hosts, units, services)
    moves: list[Move] = []
    while len(moves) < MOST and (found := _spread(state, fits) or _even_out(state, fits)) is not None:
        state.move(found.unit, found.to)
        moves.append(found)
    return moves


def _spread(state: _State, fits: Fits) -> Move | None:
    """A move that spreads the units of one service."""
    for service, counts in sorted(state.spread.items()):
        for source in sorted(counts, key=lambda host: (-counts[host], -state.total[host], host)):
            for to in sorted(counts, key=lambda host: (counts[host], state.total[host], host)):
                if counts[source] - counts[to] < 2:
                    break
                unit = next((each for each in state.candidates(source, service) if fits(each, to)), None)
                if unit is not None:
                    there = f"{state.names[source]} has {counts[source]} of {state.services[service]}"
                    return Move(unit, to, f"{there}, {state.names[to]} has {counts[to]}")
    return None


def _even_out(state: _State, fits: Fits) -> Move | None:
    """A move that evens out the containers of two hosts, without making a service less spread."""
    for source in sorted(state.total, key=lambda host: (-state.total[host], host)):
        for to in sorted(state.total, key=lambda host: (state.total[host], host)):
            if state.total[source] - state.total[to] < 2:
                break
            for unit in state.candidates(source):
                counts = state.spread[unit.service]
                smaller = 2 * unit.size <= state.total[source] - state.total[to]
                if smaller and counts[source] > counts[to] and fits(unit, to):
                    reason = f"{state.names[source]} has {state.total[source]} containers, {state.names[to]} has "
                    return Move(unit, to, f"{reason}{state.total[to]}")
    return None
