# SPDX-License-Identifier: Apache-2.0
"""Compare a service's wanted deployment units with its containers, and plan the difference. Pure.

A deployment unit is one container of each launch config of the service: the primary one and its sidekicks. Its
containers share a number and a host; a service without sidekicks has units of one container.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orca.orchestration.syntax.names import PRIMARY, free_numbers

GONE = frozenset({"removing", "removed", "purging", "purged"})
"""States of a container that no longer counts."""

ENDED = frozenset({"removed", "purging", "purged"})
"""States of a container that no longer holds its name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One launch config: the parts that its container needs beside it, and whether it runs only once."""

    needs: frozenset[str] = frozenset()
    once: bool = False


ALONE: Mapping[str, Part] = {PRIMARY: Part()}
"""The parts of a service without sidekicks."""


@dataclass(frozen=True, slots=True)
class Member:
    """A container of a service: its id, the number in its name, its state, its part of the unit.

    ``leaving``: it is being removed. ``sick``: it must be replaced. ``coming``: it replaces a sick one, and is not well
    yet. ``host``: its host, or the one intended for it. ``moving``: it goes as soon as a successor is ``well``.
    """

    id: int
    number: int
    state: str
    leaving: bool = False
    part: str = PRIMARY
    sick: bool = False
    host: int | None = None
    coming: bool = False
    moving: bool = False
    well: bool = False

    @property
    def counts(self) -> bool:
        """True if the container is, or is becoming, part of the service."""
        return not self.leaving and self.state not in GONE


@dataclass(frozen=True, slots=True, order=True)
class New:
    """A container to create: the number of its unit, its part, and its host if that is given."""

    number: int
    part: str = PRIMARY
    host: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The actions: containers to create, ids to start, ids to remove. ``later``: containers that must wait for these,
    for a free name, or for a container that they need. ``sick``: those to remove that are replaced for their health.
    ``moving``: units that wait for their successors.
    """

    create: tuple[New, ...] = ()
    start: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()
    later: tuple[New, ...] = ()
    sick: frozenset[int] = frozenset()
    moving: int = 0

    @property
    def acts(self) -> bool:
        """True if there is something to do now."""
        return bool(self.create or self.start or self.remove)

    def __bool__(self) -> bool:
        return self.acts or bool(self.later) or self.moving > 0

    def slices(self, size: int) -> Iterator[Plan]:
        """The present actions, at most ``size`` containers at a time; each slice begins with removals."""
        remove, start, create = self.remove, self.start, self.create
        while remove or start or create:
            some, remove = remove[:size], remove[size:]
            left = size - len(some)
            begun, start = start[:left], start[left:]
            left -= len(begun)
            new, create = create[:left], create[left:]
            yield Plan(new, begun, some, sick=self.sick & set(some))


@dataclass(slots=True)
class _Draft:
    create: list[New] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    remove: list[int] = field(default_factory=list)
    later: list[New] = field(default_factory=list)
    sick: set[int] = field(default_factory=set)
    moving: int = 0


Unit = dict[str, Member]
"""The counting containers of one number, by part."""


def plan(
    scale: int,
    members: Iterable[Member],
    parts: Mapping[str, Part] = ALONE,
    *,
    hosts: Collection[int] | None = None,
    retained: Mapping[int, int] | None = None,
    replacing: bool = False,
) -> Plan:
    """Plan the actions. Surplus units are those with the highest numbers; free numbers are used again.

    With ``hosts`` the service is global: one unit on each of them, whatever the scale; units on other hosts stay. A
    stopped container that counts is started again, because an active service runs. Units with a sick container are
    replaced, a few at a time (``at_once``), those of the oldest containers first; ``replacing``: missing units are some
    of those. With ``retained`` a replacement keeps the number, and waits until the old container is gone. The numbers
    in ``retained`` (each with its host) are used first, although none of their containers is left.
    """
    members = list(members)
    draft = _Draft()
    units = _units(members, draft)
    moving = [units.pop(number) for number in sorted(units) if any(each.moving for each in units[number].values())]
    sick = _to_replace(scale if hosts is None else len(hosts), units, replacing=replacing)
    for number in sick:
        draft.remove += [member.id for member in units[number].values()]
        draft.sick |= {member.id for member in units[number].values()}
        if retained is None:
            del units[number]
    # A container that is being removed still holds its name.
    taken = {member.number for member in members if member.state not in ENDED}
    held = {(member.number, member.part) for member in members if not member.counts and member.state not in ENDED}
    kept, missing = _choose(scale, units, hosts)
    _let_go(moving, scale, [units[number] for number in kept], parts, draft)
    for number in units.keys() - kept:
        draft.remove += [member.id for member in units[number].values() if number not in sick]
    for number in sorted(kept):
        unit = units[number]
        if number in sick:
            draft.later += [New(number, part, unit[part].host) for part in unit]
        else:
            _mend(number, unit, parts, held, draft)
    back = {}
    if retained is not None:
        back = {member.number: member.host for member in members if member.state not in ENDED} | dict(retained)
    for number, host in zip(_numbers(missing, taken, units.keys(), back), missing, strict=True):
        for part in parts:
            wait = parts[part].needs or (number, part) in held
            (draft.later if wait else draft.create).append(New(number, part, host))
    return Plan(
        tuple(draft.create),
        tuple(draft.start),
        tuple(draft.remove),
        tuple(draft.later),
        frozenset(draft.sick),
        draft.moving,
    )


def _let_go(moving: list[Unit], scale: int, kept: list[Unit], parts: Mapping[str, Part], draft: _Draft) -> None:
    """Remove as many moving units as have a successor that is well; the others wait."""
    well = sum(parts.keys() <= unit.keys() and all(member.well for member in unit.values()) for unit in kept)
    go = max(0, well - max(0, scale - len(moving)))
    draft.remove += [member.id for unit in moving[:go] for member in unit.values()]
    draft.moving = len(moving[go:])


def at_once(units: int) -> int:
    """How many of so many units may be replaced for their health at a time: a fifth, and always one."""
    return max(1, units // 5)


def _to_replace(wanted: int, units: Mapping[int, Unit], *, replacing: bool) -> set[int]:
    """The numbers of the sick units to replace now: ``at_once``, less those that are being replaced."""
    sick = {number for number, unit in units.items() if any(member.sick for member in unit.values())}
    if not sick:
        return sick
    coming = {number for number, unit in units.items() if any(member.coming for member in unit.values())} - sick
    under_way = len(coming) + (max(0, wanted - len(units)) if replacing else 0)
    oldest = sorted(sick, key=lambda number: min(member.id for member in units[number].values()))
    return set(oldest[: max(0, at_once(wanted) - under_way)])


def _units(members: Iterable[Member], draft: _Draft) -> dict[int, Unit]:
    """The units by number. A second container for the same part of a unit is surplus."""
    units: defaultdict[int, Unit] = defaultdict(dict)
    for member in sorted(members, key=lambda member: member.id):
        if not member.counts:
            continue
        if member.part in units[member.number]:
            draft.remove.append(member.id)
        else:
            units[member.number][member.part] = member
    return dict(units)


def _choose(
    scale: int, units: Mapping[int, Unit], hosts: Collection[int] | None
) -> tuple[set[int], list[int] | list[None]]:
    """The numbers of the units that stay, and for each missing unit its host (None: any)."""
    numbers = sorted(units)
    if hosts is None:
        return set(numbers[:scale]), [None] * (scale - len(numbers[:scale]))
    first: dict[int | None, int] = {}
    for number in numbers:
        first.setdefault(next(member.host for member in units[number].values()), number)
    return set(first.values()), sorted(set(hosts) - first.keys())


def _numbers(
    missing: Sequence[int | None], taken: Collection[int], present: Collection[int], back: Mapping[int, int | None]
) -> list[int]:
    """A number for each missing unit: one from ``back``, on its host if that matters, else a free one."""
    waiting = {number: back[number] for number in sorted(back.keys() - set(present))}
    free = iter(free_numbers({*taken, *waiting}, len(missing)))
    found = []
    for host in missing:
        number = next((number for number, place in waiting.items() if host in (None, place)), None)
        if number is None:
            number = next(free)
        else:
            del waiting[number]
        found.append(number)
    return found


def _mend(number: int, unit: Unit, parts: Mapping[str, Part], held: set[tuple[int, str]], draft: _Draft) -> None:
    """Complete one unit that stays."""
    missing = set(parts) - set(unit)
    # A container that used a lost one must be made again with its successor.
    orphans = {part for part in unit if part in parts and missing & all_needs(part, parts)}
    host = next(member.host for member in unit.values())
    for part, member in unit.items():
        if part in orphans or part not in parts:
            draft.remove.append(member.id)
        elif member.state == "stopped" and not parts[part].once:
            draft.start.append(member.id)
    for part in parts:
        if part in orphans:
            draft.later.append(New(number, part, host))
        elif part in missing:
            ready = (number, part) not in held and all(_serves(unit.get(need), parts) for need in parts[part].needs)
            (draft.create if ready else draft.later).append(New(number, part, host))


def _serves(member: Member | None, parts: Mapping[str, Part]) -> bool:
    """True if a container can serve those that need it."""
    return member is not None and (member.state == "running" or (member.state == "stopped" and parts[member.part].once))


def all_needs(part: str, parts: Mapping[str, Part]) -> set[str]:
    """Every part that one needs, directly or through others."""
    found: set[str] = set()
    ahead = [part]
    while ahead:
        new = parts[ahead.pop()].needs - found
        found |= new
        ahead += new
    return found
