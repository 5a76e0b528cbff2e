# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module of the collection in four runs: check, run, check, run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases import cases, failures
from harness.case import Case, Failure
from harness.conversation import KEYS
from harness.documented import fits, modules, own_keys, returned, supports
from harness.host import fresh_root
from harness.running import Outcome

CASES, FAILURES = cases(), failures()
each_module = pytest.mark.parametrize("name", modules())


def difference(outcome: Outcome) -> Any:
    """What diff mode shows, None where it shows nothing."""
    shown = outcome.result.get("diff")
    if isinstance(shown, dict) and (
        shown == {"prepared": ""} or ("before" in shown and shown["before"] == shown["after"])
    ):
        return None
    return shown or None


def holds(expected: Any, value: Any) -> bool:
    """True if `value` is as expected; of a mapping only the expected keys count."""
    if isinstance(expected, dict):
        return isinstance(value, dict) and all(key in value and holds(expected[key], value[key]) for key in expected)
    if isinstance(expected, list) and isinstance(value, list) and len(expected) == len(value):
        return all(map(holds, expected, value))
    return bool(expected == value)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_module_predicts_does_and_then_leaves_alone(case: Case, root: Path) -> None:
    first, second, third, fourth = outcomes = case.runs(root)
    assert not any(outcome.failed for outcome in outcomes), [outcome.result.get("msg") for outcome in outcomes]
    assert [outcome.result["changed"] for outcome in outcomes] == [case.changes, case.changes, False, False]
    for outcome in (second, fourth) if not case.changes else (second,):
        assert holds(case.gives, outcome.result), outcome.text
    shows = case.changes and supports(case.module, "diff_mode") == "full"
    assert (difference(first) is not None) == (difference(second) is not None) == shows
    if shows:
        assert difference(first) == difference(second), "the diff of check mode is not what was done then"
        assert case.shows in str(difference(second))
    assert difference(third) is difference(fourth) is None
    assert {text for outcome in outcomes for text in outcome.warnings} == set(case.warns)
    for secret in (KEYS[1], *case.secrets):
        assert not [outcome.text for outcome in outcomes if secret in outcome.text]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
def test_a_module_that_cannot_says_why(failure: Failure, root: Path) -> None:
    outcome = failure.run(root)
    assert outcome.failed
    assert failure.message in outcome.result["msg"]
    assert holds(failure.gives, outcome.result), outcome.text
    assert KEYS[1] not in outcome.text
    assert own_keys(outcome) <= set(returned(failure.module))


@each_module
def test_every_module_has_its_four_runs_and_its_failures(name: str) -> None:
    assert [case for case in CASES if case.module == name]
    assert [failure for failure in FAILURES if failure.module == name]
    assert supports(name, "check_mode") == "full"


@each_module
def test_what_a_module_returns_is_what_it_documents(name: str) -> None:
    seen: set[str] = set()
    for case in [case for case in CASES if case.module == name]:
        with fresh_root() as root:
            outcomes = case.runs(root)
        for outcome in outcomes:
            seen |= own_keys(outcome)
            for key, said in returned(name).items():
                if said["returned"] in ("success", "always"):
                    assert key in outcome.result, f"{case}: {key} is missing"
                assert fits(outcome.result.get(key), said), f"{case}: {key} is {outcome.result.get(key)!r}"
    failing = {key for key, said in returned(name).items() if said["returned"] == "failure"}
    assert seen == set(returned(name)) - failing


@each_module
def test_samples_are_of_the_documented_type(name: str) -> None:
    for key, said in returned(name).items():
        assert fits(said.get("sample"), said), key
