# SPDX-License-Identifier: Apache-2.0
"""What a service lacks: pure comparison of its wanted scale with the containers it has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orca.orchestration.names import free_numbers

GONE = frozenset({"removing", "removed", "purging", "purged"})
"""States of a container that does not count any more."""

SETTLED = frozenset({"running", "stopped", "removed", "purged"})
"""States in which nothing is under way."""


@dataclass(frozen=True, slots=True)
class Member:
    """A container of a service: its id, its number in the name, its state, and whether it is being taken away."""

    id: int
    number: int
    state: str
    leaving: bool = False

    @property
    def counts(self) -> bool:
        """True when the container is, or is becoming, part of the service."""
        return not self.leaving and self.state not in GONE


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: numbers to create, ids to start, ids to remove."""

    create: tuple[int, ...] = ()
    start: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.create or self.start or self.remove)


def plan(scale: int, members: Iterable[Member]) -> Plan:
    """Compare. Surplus containers are those with the highest numbers; free numbers are used again.

    A stopped container that counts is started again: an active service runs.
    """
    members = list(members)
    counting = sorted((member for member in members if member.counts), key=lambda member: member.number)
    kept, surplus = counting[:scale], counting[scale:]
    # A container on its way out still holds its name.
    taken = {member.number for member in members if member.state not in ("removed", "purging", "purged")}
    return Plan(
        create=tuple(free_numbers(taken, scale - len(kept))),
        start=tuple(member.id for member in kept if member.state == "stopped"),
        remove=tuple(member.id for member in surplus),
    )
