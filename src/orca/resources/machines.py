# SPDX-License-Identifier: Apache-2.0
"""State machines: from where a process may start, what state shows it running, where it ends.

Source: Rancher's process definitions of October 2015. The *generic* machine fits most types; containers use it under
other names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Process:
    """One process of a type.

    ``via`` maps a start state to the state shown meanwhile; ``done`` maps that state to the one it ends in.
    ``chain`` names the process that follows by itself.
    """

    start: frozenset[str]
    via: Mapping[str, str]
    done: Mapping[str, str]
    chain: str | None = None
    field: str = "state"

    @property
    def transitioning(self) -> frozenset[str]:
        """The states that show this process running."""
        return frozenset(self.via.values())


Machine: TypeAlias = Mapping[str, Process]


def process(start: str, via: str, done: str, chain: str | None = None, field: str = "state") -> Process:
    """Declare a process: ``process("inactive registering", "activating", "active")``."""
    starts = start.split()
    return Process(frozenset(starts), dict.fromkeys(starts, via), {via: done}, chain, field)


def updating(*states: str) -> Process:
    """The update process: from each of these states through ``updating-<state>`` back to it."""
    via = {state: f"updating-{state}" for state in states}
    return Process(
        frozenset(states) | frozenset(via.values()),
        via | {shown: shown for shown in via.values()},
        {shown: state for state, shown in via.items()},
    )


def generic(activate_by_default: bool = True, extra_deactivate: str = "") -> Machine:
    """The machine of most types; active by default after creation unless said otherwise."""
    return {
        "create": process("requested", "registering", "inactive", "activate" if activate_by_default else None),
        "activate": process("inactive registering", "activating", "active"),
        "deactivate": process(
            f"active activating updating-active updating-inactive {extra_deactivate}", "deactivating", "inactive"
        ),
        "update": updating("active", "inactive"),
        "remove": process("requested inactive registering updating-active updating-inactive", "removing", "removed"),
        "purge": process("removed", "purging", "purged"),
        "restore": process("removed", "restoring", "inactive"),
    }


def reported() -> Machine:
    """Rows that record something: reports of agents, labels."""
    return {
        "create": process("requested", "creating", "created"),
        "remove": process("created creating", "removing", "removed"),
    }


def allocation() -> Machine:
    """Holding what a placed resource takes up; a state field of its own beside ``state``."""
    return {
        "allocate": process("inactive", "activating", "active", field="allocationState"),
        "deallocate": process("activating active", "deactivating", "inactive", field="allocationState"),
    }


def simple(update: bool = False) -> Machine:
    """Rows that exist or do not: maps, links between resources."""
    machine = {
        "create": process("requested", "activating", "active"),
        "remove": process("requested activating active", "removing", "removed"),
    }
    if update:
        machine["update"] = updating("active")
        machine["remove"] = process("requested activating active updating-active", "removing", "removed")
    return machine


def states(machine: Machine, field: str = "state") -> tuple[str, ...]:
    """Every state of one state field that the machine knows, sorted."""
    found: set[str] = set()
    for entry in machine.values():
        if entry.field == field:
            found |= entry.start | entry.transitioning | set(entry.done.values())
    return tuple(sorted(found))


def transitioning_states(machine: Machine, field: str = "state") -> frozenset[str]:
    """States that show some process running."""
    return frozenset().union(*(entry.transitioning for entry in machine.values() if entry.field == field))
