# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules outlast a restart of the server: what they have begun goes on there, and they learn how it ended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import cases
from cases.stack import ARGUMENTS, LINES, PLANNED, TAG, UP, asked, found, plan, stack
from harness import host
from harness.case import Case
from harness.conversation import SERVER, Call, cut, refused
from harness.documented import ROOT
from harness.running import run

API = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["api"]


def begun(calls: Sequence[Call]) -> int:
    """The number of calls up to the first one that changes something; all, if none does."""
    return next((number for number, call in enumerate(calls, 1) if call.method != "GET"), len(calls))


CASES = [case for case in cases() if case.module in API and begun(case.change) < len(case.change)]


def restarted(calls: Sequence[Call]) -> list[Call]:
    """The same calls where the server is away before each one that follows the first change."""
    start = begun(calls)
    told = list(calls[:start])
    for call in calls[start:]:
        twice = call.method == "GET" or call.path.endswith("action=plan")
        told += [refused(), refused(), *([cut(call)] if twice else []), call]
    return told


def test_every_module_that_waits_is_here() -> None:
    assert {case.module for case in CASES} == {"host", "registration_token", "setting", "stack"}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_restart_changes_nothing(case: Case, root: Path) -> None:
    case.prepare(root)
    undisturbed = run(case.module, case.arguments, case.change, root)
    disturbed = run(case.module, case.arguments, restarted(case.change), root)
    assert not disturbed.failed
    assert disturbed.result == undisturbed.result


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_server_that_stays_away_is_named_at_the_end_of_the_time(case: Case, root: Path) -> None:
    case.prepare(root)
    patience = "api_timeout" if case.module == "setting" else "wait_timeout"
    calls = [*case.change[: begun(case.change)], refused(always=True)]
    outcome = run(case.module, {**case.arguments, patience: 1}, calls, root)
    assert outcome.result["msg"].startswith("timed out: ")
    assert f" at {SERVER}: " in outcome.result["msg"]
    assert outcome.result["msg"].endswith("refused; run the task again when the server is back")


@pytest.mark.parametrize("case", [case for case in CASES if case.module != "stack"], ids=str)
def test_what_may_have_been_done_is_not_asked_for_again(case: Case, root: Path) -> None:
    case.prepare(root)
    start = begun(case.change)
    outcome = run(case.module, case.arguments, [*case.change[: start - 1], cut(case.change[start - 1])], root)
    assert outcome.failed
    assert "the connection was cut" in outcome.result["msg"]


@pytest.mark.parametrize(
    "again", [("nothing is left", plan()), ("the rest is left", plan("start web"))], ids=lambda p: p[0]
)
def test_a_lost_answer_to_apply_is_no_lost_change(again: tuple[str, Any], root: Path) -> None:
    host.make(root)
    _, now = again
    answered = [*found(), *PLANNED, *asked("apply", stack(), TAG, hash="h1")]
    later = [*asked("plan", now, TAG), *asked("apply", stack(), TAG, hash="h1"), *UP]
    outcome = run("stack", ARGUMENTS, [*answered[:-1], cut(answered[-1]), *later], root)
    assert not outcome.failed
    assert (outcome.result["changed"], outcome.result["plan"]) == (True, now["lines"] or LINES)
