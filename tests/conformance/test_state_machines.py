# SPDX-License-Identifier: Apache-2.0
"""Every type's processes and states are those of the v1 API, but for `differences.STATE_REASONS`."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
import state_facts
from differences import STATE_REASONS

from orca.resources import TYPES, processes_of
from orca.resources.processes import states
from orca.resources.views import view

PATTERNS = [pattern for patterns in STATE_REASONS.values() for pattern in patterns]


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    return dict(state_facts.differences())


def test_every_difference_has_a_reason(found: dict[str, str]) -> None:
    unexplained = {
        key: text for key, text in found.items() if not any(fnmatchcase(key, pattern) for pattern in PATTERNS)
    }
    assert unexplained == {}


def test_every_reason_is_still_needed(found: dict[str, str]) -> None:
    assert [pattern for pattern in PATTERNS if not any(fnmatchcase(key, pattern) for key in found)] == []


def test_the_schemas_state_the_states() -> None:
    for name, shown in view("superadmin", "v1").types.items():
        if TYPES[name].table and processes_of(name):
            assert set(shown.fields["state"].field.options) == set(states(processes_of(name))), name


def test_the_comparison_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = state_facts.expected()
    processes = facts["zone"]["processes"]
    changed = {
        **{action: process for action, process in processes.items() if action != "restore"},
        "create": processes["create"] | {"delegate": "zone.update"},
        "remove": processes["remove"] | {"start": "active", "transitioning": "leaving", "done": "gone"},
        "purge": processes["purge"] | {"transitioning": "forgetting"},
        "split": processes["purge"],
    }
    zone = facts["zone"] | {"processes": changed, "laterProcesses": {}}
    monkeypatch.setattr(state_facts, "expected", lambda: {**facts, "zone": zone})
    keys = {key for key, _ in state_facts.differences() if key.partition(" ")[2].startswith("zone")}
    assert keys >= {
        "chain zone.create",
        "start zone.remove",
        "done zone.remove",
        "shown zone.purge",
        "process zone.restore",
        "process zone.split",
        "states zone",
    }
