# SPDX-License-Identifier: Apache-2.0
"""`/v1` shows each role the types, fields, actions, filters and links of the v1 API, but for `differences.REASONS`."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from differences import REASONS
from schema_facts import differences

PATTERNS = [pattern for patterns in REASONS.values() for pattern in patterns]


@pytest.fixture(scope="module")
def found() -> dict[str, str]:
    return dict(differences())


def test_every_difference_has_a_reason(found: dict[str, str]) -> None:
    unexplained = {
        key: text for key, text in found.items() if not any(fnmatchcase(key, pattern) for pattern in PATTERNS)
    }
    assert unexplained == {}


def test_every_reason_is_still_needed(found: dict[str, str]) -> None:
    assert [pattern for pattern in PATTERNS if not any(fnmatchcase(key, pattern) for key in found)] == []


def test_the_comparison_sees_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    import schema_facts

    changed = {**schema_facts.expected()}
    changed["host"] = changed["host"] | {"plural": "hostess", "actions": {}, "links": "self"}
    monkeypatch.setattr(schema_facts, "expected", lambda: changed)
    keys = {key for key, _ in differences()}
    assert {"plural host", "action host.activate", "link host.agent"} <= keys
