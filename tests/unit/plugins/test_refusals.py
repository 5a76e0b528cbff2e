# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that talk to the server say when it refuses, is away, or is no such server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import cases
from harness.case import Case
from harness.conversation import KEYS, SERVER, Call
from harness.documented import ROOT, own_keys, returned
from harness.resources import refusal
from harness.running import run

API = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["action_groups"]["api"]
FIRST = [next(case for case in cases() if case.module == name) for name in API]
REFUSALS: list[tuple[int, Any, str]] = [
    (401, refusal(401, "Unauthorized"), "401 Unauthorized"),
    (404, refusal(404, "NotFound", message="there is none"), "404 NotFound: there is none"),
    (422, refusal(422, "InvalidOption", fieldName="name", message="no"), "422 InvalidOption (field name): no"),
    (503, b"<html>gateway</html>", "503 Service Unavailable"),
    (200, b"<html>a page</html>", "the answer is not JSON; is this an orca server?"),
]


def cut(calls: Sequence[Call], **answer: Any) -> list[Call]:
    """The calls up to the one that changes something, or else the last, which is answered so."""
    at = next((number for number, call in enumerate(calls) if call.method != "GET"), len(calls) - 1)
    return [*calls[:at], replace(calls[at], **answer)]


@pytest.mark.parametrize(("status", "answer", "message"), REFUSALS, ids=lambda value: str(value)[:30])
@pytest.mark.parametrize("case", FIRST, ids=lambda case: case.module)
def test_a_refusal_names_request_and_reason(case: Case, status: int, answer: Any, message: str, root: Path) -> None:
    case.prepare(root)
    calls = cut(case.change, status=status, answer=answer)
    outcome = run(case.module, case.arguments, calls, root)
    assert outcome.failed
    assert f"{calls[-1].method} {calls[-1].path.partition('?')[0]} at {SERVER}: " in outcome.result["msg"]
    assert outcome.result["msg"].endswith(message)
    document = answer if isinstance(answer, dict) else {}
    assert outcome.result["status"] == (None if status == 200 else status)
    assert outcome.result["field"] == document.get("fieldName")
    assert own_keys(outcome) <= set(returned(case.module))
    assert KEYS[1] not in outcome.text


@pytest.mark.parametrize("case", FIRST, ids=lambda case: case.module)
def test_a_server_that_is_away_is_named(case: Case, root: Path) -> None:
    case.prepare(root)
    outcome = run(case.module, {**case.arguments, "api_url": "http://127.0.0.1:1"}, [], root)
    assert "at http://127.0.0.1:1: " in outcome.result["msg"]
    assert "refused" in outcome.result["msg"]
    assert outcome.result["status"] is None
