# SPDX-License-Identifier: Apache-2.0
"""Compares the declared state machines with `types.json`, the facts of the v1 API, and says where they differ.

`processes`, per type and process: `start` states, `transitioning` and `done` (one state, or `from=to` pairs), the
process that follows (`delegate`), and `stateField` where it is not `state`. `laterProcesses`, of after October 2015,
stand beside them: a declared process is like one or the other. A kind without processes has those of its parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from schema_facts import expected

from orca.resources import TYPES, processes_of
from orca.resources.processes import Process, states


def pairs(text: str, sources: frozenset[str]) -> dict[str, str]:
    """`a=b,c=d` as it is; one state alone for every source."""
    if "=" in text:
        return dict(pair.split("=") for pair in text.split(","))
    return dict.fromkeys(sources, text)


def process(facts: dict[str, str]) -> Process:
    """A process as the facts have it."""
    start = frozenset(facts["start"].split(","))
    via = pairs(facts["transitioning"], start)
    done = pairs(facts["done"], frozenset(via.values()))
    chain = facts["delegate"].rpartition(".")[2] if "delegate" in facts else None
    return Process(start, via, done, chain, facts.get("stateField", "state"))


def stated(name: str, key: str = "processes") -> dict[str, Process]:
    """The processes that the facts give a type, its parent's where it has none."""
    facts: dict[str, Any] = expected()[name]
    while "processes" not in facts and facts.get("parent") in expected():
        facts = expected()[facts["parent"]]
    return {action: process(found) for action, found in facts.get(key, {}).items()}


def differences() -> Iterator[tuple[str, str]]:
    """Everything that is not as the facts say: a key to name it by, and what is expected and what is there."""
    for name in sorted(set(expected()) & set(TYPES)):
        known, later, here = stated(name), stated(name, "laterProcesses"), processes_of(name)
        for action in sorted(set(known) | set(here)):
            if action not in here:
                yield f"process {name}.{action}", "missing"
            elif action not in known and action not in later:
                yield f"process {name}.{action}", "not known"
            else:
                alternatives = [
                    list(of_process(f"{name}.{action}", facts[action], here[action]))
                    for facts in (known, later)
                    if action in facts
                ]
                yield from min(alternatives, key=len)
        if here:
            wanted = set(states(known)) - {state for action in set(known) - set(here) for state in only(known, action)}
            wanted |= set(states({action: later[action] for action in set(later) & set(here)}))
            if not set(states(here)) <= wanted:
                yield f"states {name}", f"{sorted(set(states(here)) - wanted)} not known"


def only(machine: dict[str, Process], action: str) -> set[str]:
    """The states that a machine has for one process alone."""
    return set(states(machine)) - set(states({name: entry for name, entry in machine.items() if name != action}))


def of_process(key: str, known: Process, here: Process) -> Iterator[tuple[str, str]]:
    """What differs in one process."""
    if known.start != here.start:
        yield (
            f"start {key}",
            f"{sorted(known.start - here.start)} missing, {sorted(here.start - known.start)} not known",
        )
    both = known.start & here.start
    for aspect, there, declared in (
        ("shown", {state: known.via[state] for state in both}, {state: here.via[state] for state in both}),
        ("done", dict(known.done), dict(here.done)),
        ("chain", known.chain, here.chain),
        ("stateField", known.field, here.field),
    ):
        if there != declared:
            yield f"{aspect} {key}", f"{there}, not {declared}"
