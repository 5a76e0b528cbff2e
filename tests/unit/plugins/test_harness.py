# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness finds out what a module asks that it should not, and what it does not ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases.host_info import HOSTS
from harness import host
from harness.case import Case
from harness.conversation import KEYS, Call, Conversation, api, basic, command, engine
from harness.resources import ACCESS, listed
from harness.running import run

PUT = api("PUT", "/v2/hosts/1h1?a=1&b=2", body={"labels": {}})


def heard(*calls: Call) -> Conversation:
    return Conversation(calls, Path())


def test_a_call_that_is_not_expected_is_named(root: Path) -> None:
    host.make(root)
    with pytest.raises(
        AssertionError, match=r"not expected: api: GET /v2/projects/1a5/hosts; expected was nothing more"
    ):
        run("host_info", ACCESS, HOSTS[:1], root)


def test_a_call_that_is_not_made_is_named(root: Path) -> None:
    host.make(root)
    with pytest.raises(AssertionError, match=r"not made: api: GET /v2/hosts"):
        run("host_info", ACCESS, [*HOSTS, api("GET", "/v2/hosts", listed())], root)


def test_what_a_call_brings_counts() -> None:
    conversation = heard(PUT)
    conversation.hear("api", "PUT", "/v2/hosts/1h1?b=2&a=1", {"labels": {"x": "y"}}, basic(*KEYS))
    with pytest.raises(AssertionError, match=r"brought {'labels': {'x': 'y'}}; expected was {'labels': {}}"):
        conversation.check()


def test_the_key_counts() -> None:
    conversation = heard(PUT)
    conversation.hear("api", "PUT", PUT.path, PUT.body, basic("other", "key"))
    with pytest.raises(AssertionError, match="came with the key 'Basic"):
        conversation.check()


def test_queries_count_for_the_engine_where_they_are_given() -> None:
    calls = engine("GET", "/containers/json"), engine("GET", "/containers/json?all=true")
    conversation = heard(*calls)
    assert conversation.hear("engine", "GET", "/containers/json?all=false", None) is calls[0]
    assert conversation.hear("engine", "GET", "/containers/json?all=false", None) is None


def test_commands_are_compared_word_by_word() -> None:
    assert heard(command("ip route")).hear("command", "", "ip -6 route", "") is None


def test_check_mode_that_changes_files_is_found_out(root: Path) -> None:
    def prepare(root: Path) -> dict[str, object]:
        host.make(root)
        return {"select": lambda *_: (root / "changed").write_text("") or []}

    case = Case("host_info", "", ACCESS, check=HOSTS, prepare=prepare, changes=False)
    with pytest.raises(AssertionError, match="check mode changed files"):
        case.runs(root)
