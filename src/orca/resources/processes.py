# SPDX-License-Identifier: Apache-2.0
"""State tables: the states from which a process may start, the state while it runs, and its end state.

Source: Rancher's process definitions of October 2015. The *generic* table fits most types; containers use it under
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
    ``chain`` names the process that follows automatically.
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


ProcessTable: TypeAlias = Mapping[str, Process]


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


def generic(activate_by_default: bool = True, extra_deactivate: str = "") -> ProcessTable:
    """The table of most types; by default a resource becomes active after creation."""
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


def reported() -> ProcessTable:
    """Rows that record something: reports of agents, labels."""
    return {
        "create": process("requested", "creating", "created"),
        "remove": process("created creating", "removing", "removed"),
    }


def allocation() -> ProcessTable:
    """What a placed resource takes up is held or free: a state field of its own beside ``state``."""
    return {
        "allocate": process("inactive", "activating", "active", field="allocationState"),
        "deallocate": process("activating active", "deactivating", "inactive", field="allocationState"),
    }


def simple(update: bool = False) -> ProcessTable:
    """Rows that exist or do not: maps, links between resources."""
    table = {
        "create": process("requested", "activating", "active"),
        "remove": process("requested activating active", "removing", "removed"),
    }
    if update:
        table["update"] = updating("active")
        table["remove"] = process("requested activating active updating-active", "removing", "removed")
    return table


def states(table: ProcessTable, field: str = "state") -> tuple[str, ...]:
    """All states of one state field in a table, sorted."""
    found: set[str] = set()
    for entry in table.values():
        if entry.field == field:
            found |= entry.start | entry.transitioning | set(entry.done.values())
    return tuple(sorted(found))


def transitioning_states(table: ProcessTable, field: str = "state") -> frozenset[str]:
    """States that show some process running."""
    return frozenset().union(*(entry.transitioning for entry in table.values() if entry.field == field))
