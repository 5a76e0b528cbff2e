# SPDX-License-Identifier: Apache-2.0
"""`orca up` and its siblings: what they ask the server, what they print, and with which code they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fakeserver import PLAN, FakeServer, Refused, Run

STACK = "{url}/v2/projects/1a5/environments/1e1"
POINT = {"ipAddress": "192.0.2.1", "port": 8080}
COMPOSE = "web:\n  image: ${IMAGE}\n"


def stack(server: FakeServer, **fields: object) -> None:
    """A stack named shop with one service, and nothing planned for it."""
    server.plans = [{**PLAN, "changed": False}]
    server.add("environments", "1e1", **{"name": "shop", **fields}, links={"services": f"{STACK}/services"})
    server.add("services", "1s1", name="web", environmentId="1e1", scale=1, publicEndpoints=[POINT])


def test_up_does_what_is_planned_and_waits_with_progress(orca: Run, server: FakeServer, monkeypatch) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    monkeypatch.setenv("IMAGE", "orca/web:1")
    monkeypatch.setenv("OTHER", "not sent")
    server.plans = [
        {**PLAN, "needs": {"variables": ["IMAGE", "TAG"]}},
        {**PLAN, "lines": ["create stack shop", "create web: image orca/web:1"], "warnings": ["there is no stack sn"]},
    ]
    server.script["new environments"] = [{"links": {"services": "{url}/v2/projects/1a5/environments/1x1/services"}}]
    server.add("services", "1s1", name="web", environmentId="1x1", publicEndpoints=[POINT])
    server.script["1s1"] = [
        {"state": "activating", "transitioning": "yes", "transitioningMessage": "pulling orca/web:1"},
        {"state": "activating", "transitioning": "yes"},
        {"state": "active", "transitioning": "no"},
    ]
    code, out, err = orca("up")
    assert (code, out) == (0, "web  192.0.2.1:8080\n")
    asked = {"name": "shop", "files": {"docker-compose.yml": COMPOSE}}
    known = {"IMAGE": "orca/web:1", "TAG": None}
    assert server.changes() == [
        ("POST", "environments?plan", {**asked, "variables": {}}),
        ("POST", "environments?plan", {**asked, "variables": known}),
        ("POST", "environments?apply", {**asked, "variables": known, "hash": "h"}),
    ]
    said = [line.partition(" s  ")[2] for line in err.splitlines()]
    assert said[:3] == ["warning: there is no stack sn", "create stack shop", "create web: image orca/web:1"]
    assert "web: activating (pulling orca/web:1)" in said
    assert err.count("web: active\n") == 1


def test_what_the_server_is_sent_is_the_files_as_they_are(orca: Run, server: FakeServer) -> None:
    Path("stack.yml").write_text("web: {image: x, command: echo $$ORCA_SECRET}")
    Path("rancher-compose.yml").write_text("web: {scale: 2}")
    stack(server)
    assert orca("up", "-d", "-f", "stack.yml")[0] == 0
    files = {"stack.yml": "web: {image: x, command: echo $$ORCA_SECRET}", "rancher-compose.yml": "web: {scale: 2}"}
    assert [body["files"] for _, _, body in server.changes()] == [files, files]
    assert [body["variables"] for _, _, body in server.changes()] == [{}, {}]


@pytest.mark.parametrize("arguments", [("plan",), ("up", "--dry-run")])
def test_a_plan_is_shown_and_nothing_done(orca: Run, server: FakeServer, arguments: tuple[str, ...]) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    assert orca(*arguments)[:2] == (0, "nothing to do\n")
    server.plans = [{**PLAN, "lines": ["change web: scale 1 -> 2"], "warnings": ["a variable is not set"]}]
    assert orca(*arguments) == (0, "change web: scale 1 -> 2\n", "warning: a variable is not set\n")
    assert all(path == "environments?plan" for _, path, _ in server.changes())
    assert json.loads(orca(*arguments, "-o", "json")[1])["lines"] == ["change web: scale 1 -> 2"]


def test_a_plan_that_holds_no_more_is_made_again(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.plans = [
        {**PLAN, "lines": ["change web: scale 1 -> 2"]},
        {**PLAN, "lines": ["change web: scale 5 -> 2"], "hash": "other"},
    ]
    code, _, err = orca("up")
    assert code == 0
    assert "change web: scale 5 -> 2" in err
    assert [body.get("hash") for _, _, body in server.changes()] == [None, "h", None, "other"]


def test_a_service_that_is_not_to_start_is_not_waited_for(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.rows["services"]["1s1"]["state"] = "inactive"
    assert orca("up")[0] == 0


def test_a_stack_that_is_being_removed_is_waited_for(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server, state="removing", transitioning="yes")
    server.script["1e1"] = [{}, {"state": "removed", "transitioning": "no"}, {"state": "active", "transitioning": "no"}]
    code, _, err = orca("up")
    assert code == 0
    assert "shop: removed" in err


def test_a_service_that_fails_ends_with_its_reason(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.script["1s1"] = [{"transitioning": "error", "transitioningMessage": "no such image"}]
    code, _, err = orca("up")
    assert code == 1
    assert "service web: no such image" in err


def test_what_had_failed_before_may_be_cured_while_the_stack_is_in_transition(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server, transitioning="yes")
    server.script["1e1"] = [*[{}] * 5, {"transitioning": "no"}]
    server.script["1s1"] = [{"transitioning": "error", "transitioningMessage": "no host"}, {"transitioning": "no"}]
    assert orca("up")[0] == 0


def test_what_is_not_up_in_time_is_named(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.rows["services"]["1s1"].update(state="activating", transitioning="yes")
    code, _, err = orca("up", "--timeout", "0.05")
    assert code == 4
    assert "service web is still activating" in err


def test_a_server_that_is_restarted_meanwhile_is_waited_for(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.silent = ["POST", "POST"]
    server.script["1s1"] = [{"state": "activating", "transitioning": "yes"}, {"state": "active", "transitioning": "no"}]
    code, _, err = orca("up")
    assert (code, server.silent) == (0, []), err
    assert err.count("server: does not answer; waiting for it") == 1
    server.silent = ["DELETE"]
    assert orca("down")[0] == 3, "nobody knows whether it was asked for"


def test_a_server_that_goes_while_a_removal_is_waited_for(orca: Run, server: FakeServer) -> None:
    stack(server, state="removing", transitioning="yes")
    found = server.answer

    def answer(method: str, *rest: object) -> tuple[int, object]:
        if method != "DELETE":
            return found(method, *rest)  # type: ignore[arg-type]
        server.silent = ["GET", "GET"]
        server.script["1e1"] = [{"state": "removed", "transitioning": "no"}]
        return 200, server.rows["environments"]["1e1"]

    server.answer = answer  # type: ignore[method-assign, assignment]
    code, _, err = orca("down", "shop")
    assert (code, server.silent) == (0, []), err
    assert err.index("server: does not answer") < err.index("shop: removed")


def test_a_server_that_stays_away_is_named_with_what_to_do(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.silent = ["POST"] * 100
    code, _, err = orca("up", "--timeout", "0.3")
    assert code == 3
    assert server.url in err
    assert "run the same command again" in err


def test_the_servers_refusal_is_shown_with_its_field(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    server.refuse = Refused(
        422, "InvalidFormat", fieldName="files", message="docker-compose.yml:2:3: service 'web': unknown key 'imagee'"
    )
    code, _, err = orca("up")
    assert code == 1
    assert "422 InvalidFormat (field files): docker-compose.yml:2:3: service 'web': unknown key 'imagee'" in err


def test_down_waits_and_is_content_with_nothing(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    assert orca("down")[0] == 0
    stack(server)
    server.script["1e1"] = [{}, {"state": "removing"}, {"state": "removed", "transitioning": "no"}]
    code, _, err = orca("down")
    assert code == 0
    assert err.endswith("shop: removed\n")


def test_down_takes_a_name(orca: Run, server: FakeServer) -> None:
    stack(server)
    server.script["1e1"] = [{}, {"state": "removed", "transitioning": "no"}]
    assert orca("down", "shop")[0] == 0
    assert [request[:2] for request in server.changes()] == [("DELETE", "environments/1e1")]
    assert orca("down", "shop", "-p", "other")[0] == 2


def test_rm_of_an_unknown_stack_fails(orca: Run) -> None:
    code, _, err = orca("rm", "nowhere")
    assert code == 5
    assert "there is no container, service, stack, host or volume nowhere in project Default" in err


def test_no_compose_file_is_wrong_usage(orca: Run) -> None:
    assert orca("up")[0] == 2
