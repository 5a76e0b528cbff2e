# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/v1.md are those of the declarations: ids, rights, state machines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from orca.resources.catalog import TYPES, processes_of
from orca.resources.processes import Process
from orca.resources.views import TypeView, view

PAGE = Path(__file__).parents[3] / "docs" / "v1.md"
ROLES = ("service", "admin", "readAdmin", "user", "project", "restricted", "readonly", "agent")
SERVICES = ("service", "dnsService", "externalService", "loadBalancerService")
ONLY_V2 = {"environment.apply", *(f"{name}.move" for name in SERVICES)}


def below(heading: str) -> str:
    """The page from a heading on."""
    return PAGE.read_text().split(f"\n{heading}\n", 1)[1]


def table(text: str) -> list[tuple[str, ...]]:
    """The rows of the first table of a text, without its head; cells without back-ticks."""
    lines = text[text.index("\n|") :].strip().split("\n\n")[0].splitlines()[2:]
    return [tuple(cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")) for line in lines]


def letters(type: TypeView | None) -> str:
    """What a role may do with a type by its methods; `-` where it does not see the type."""
    if type is None:
        return "-"
    pairs = (("c", "POST", True), ("r", "GET", True), ("u", "PUT", False), ("d", "DELETE", False))
    methods = {True: type.collection_methods, False: type.resource_methods}
    return "".join(letter for letter, method, listed in pairs if method in methods[listed]) or "seen"


def rights() -> dict[tuple[str, ...], set[str]]:
    """Types that stand by themselves, by the rights that the roles of the table have."""
    views = {role: view(role, "v1").types for role in ROLES}
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for name in set().union(*views.values()):
        if not TYPES[name].part:
            found[tuple(letters(views[role].get(name)) for role in ROLES)].add(name)
    return found


def test_rights() -> None:
    rows = {cells[1:]: set(cells[0].split(", ")) for cells in table(below("### 6.3 Roles"))}
    assert rows == rights()


@pytest.mark.parametrize("role", ["owner", "member"])
def test_members_see_what_the_key_of_their_project_sees(role: str) -> None:
    seen = view(role, "v1").types
    assert {name: letters(each) for name, each in seen.items()} == {
        name: letters(each) for name, each in view("project", "v1").types.items()
    }


def test_prefixes_of_ids() -> None:
    roots = {(type.prefix, name) for name, type in TYPES.items() if type.prefix and type.parent is None}
    listed = {(prefix, name) for names, prefix in table(below("## 4. Identifiers")) for name in names.split(", ")}
    assert listed <= roots
    assert {prefix for prefix, name in roots if name in view("project", "v1").types} <= {prefix for prefix, _ in listed}


def row(name: str, process: Process) -> tuple[str, str, str, str]:
    """One process as the page shows it."""
    through = process.done
    return (name, _words(process.start), _words(through), _words(through.values()))


def _words(states: Iterable[str]) -> str:
    return " ".join(sorted(set(states)))


def machines() -> dict[frozenset[tuple[str, ...]], set[str]]:
    """Types by their machine; fields besides `state` are named with the process."""
    found: dict[frozenset[tuple[str, ...]], set[str]] = defaultdict(set)
    for name, type in TYPES.items():
        shown = {key: each for key, each in processes_of(name).items() if f"{type.name}.{key}" not in ONLY_V2}
        if shown and not type.ours:
            found[frozenset(row(key, each) for key, each in shown.items())].add(name)
    return found


def test_state_machines() -> None:
    parts = below("## 7. State machines").split("\n## 8. ", 1)[0].split("\n### ")[1:]
    drawn = {frozenset(table(part)): set(part.split("|", 1)[0].split("`")[1::2]) for part in parts if "\n|" in part}
    assert drawn == machines()
