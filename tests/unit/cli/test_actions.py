# SPDX-License-Identifier: Apache-2.0
"""Commands that change what is named: what they ask the server, and what they do not ask twice."""

from __future__ import annotations

import pytest
from fakeserver import FakeServer, Run

SELF = "{url}/v2/projects/1a5/containers/1i1/?action="


def container(server: FakeServer, state: str, *actions: str) -> None:
    server.add("containers", "1i1", name="web", state=state)
    server.rows["containers"]["1i1"]["actions"] = {action: f"{SELF}{action}" for action in actions}


@pytest.mark.parametrize("name", ["web", "1i1", "container/web", "containers/1i1"])
def test_a_container_is_stopped_by_any_of_its_names(orca: Run, server: FakeServer, name: str) -> None:
    container(server, "running", "stop")
    server.script["1i1 stop"] = [{"state": "stopping", "transitioning": "yes"}]
    server.script["1i1"] = [{}] * (2 if name.endswith("web") else 1) + [{"state": "stopped", "transitioning": "no"}]
    assert orca("stop", name)[0] == 0
    assert server.changes() == [("POST", "containers/1i1/?stop", {})]


def test_what_is_done_already_is_not_asked_for(orca: Run, server: FakeServer) -> None:
    container(server, "stopped", "start")
    assert orca("stop", "web")[0] == 0
    assert server.changes() == []


def test_what_is_not_possible_says_what_is(orca: Run, server: FakeServer) -> None:
    container(server, "purged", "restore")
    code, _, err = orca("start", "web")
    assert code == 1
    assert "start is not possible while container web is purged (possible: restore)" in err


def test_nothing_is_removed_when_one_name_is_wrong(orca: Run, server: FakeServer) -> None:
    container(server, "running", "stop")
    assert orca("rm", "web", "wbe")[0] == 5
    assert server.changes() == []


def test_scale_wants_a_number(orca: Run, server: FakeServer) -> None:
    server.add("services", "1s1", name="web", scale=1)
    assert orca("scale", "web=two")[0] == orca("scale", "web")[0] == 2
    assert orca("scale", "web=3")[0] == 0
    assert server.changes() == [("PUT", "services/1s1", {"scale": 3})]


def test_fields_of_a_raw_request(orca: Run, server: FakeServer) -> None:
    assert orca("api", "POST", "containers", "name=web", "tty:=true", "command=a=b")[0] == 0
    assert server.changes() == [("POST", "containers", {"name": "web", "tty": True, "command": "a=b"})]
    assert orca("api", "POST", "containers", "tty:=yes")[0] == 2


def test_colours_are_for_terminals_that_want_them(monkeypatch) -> None:
    from orca.cli import output

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32mrunning\x1b[0m" in output.table(("STATE",), [("running",)])[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert output.table(("STATE",), [("running",)]) == ["STATE", "running"]


def test_an_operator_says_that_a_dead_host_is_off(orca: Run, server: FakeServer) -> None:
    reason = "its agent is silent, and h2 and h3 cannot reach it"
    server.add("hosts", "1h1", hostname="h1", agentState="reconnecting", liveness="dead", livenessReason=reason)
    server.rows["hosts"]["1h1"]["actions"] = {"fence": SELF.replace("containers/1i1", "hosts/1h1") + "fence"}
    _, out, _ = orca("hosts")
    assert "dead" in out
    assert reason in out
    assert orca("host", "fence", "h1")[0] == 0
    assert server.changes() == [("POST", "hosts/1h1/?fence", {})]


def test_a_host_is_drained_and_what_moves_is_waited_for(orca: Run, server: FakeServer) -> None:
    server.add("hosts", "1h1", hostname="h1", state="active")
    server.rows["hosts"]["1h1"]["actions"] = {"drain": SELF.replace("containers/1i1", "hosts/1h1") + "drain"}
    server.add("services", "1s1", name="web", state="active", transitioning="no")
    line = "move shop_web_1: h1 -> elsewhere (h1 is drained)"
    server.script["1h1 drain"] = [{"type": "movePlan", "lines": [line], "moves": [{"serviceId": "1s1"}], "stays": []}]
    code, out, _ = orca("host", "drain", "h1")
    assert (code, out.strip()) == (0, line)
    assert server.changes() == [("POST", "hosts/1h1/?drain", {"dryRun": False})]
