# SPDX-License-Identifier: Apache-2.0
"""`orca up` and its siblings: what they ask the server, what they print, and with which code they end."""

from __future__ import annotations

from pathlib import Path

from fakeserver import FakeServer, Refused, Run

STACK = "{url}/v2/projects/1a5/environments/1e1"
POINT = {"ipAddress": "192.0.2.1", "port": 8080}
COMPOSE = "web:\n  image: ${IMAGE}\n"


def stack(server: FakeServer, **fields: object) -> None:
    """A stack named shop, as it is after `up` of COMPOSE, with one service."""
    server.add(
        "environments",
        "1e1",
        **{"name": "shop", "dockerCompose": COMPOSE, "rancherCompose": "", "environment": {}, **fields},
        links={"services": f"{STACK}/services"},
    )
    actions = ("activateservices", "upgrade", "finishupgrade")
    server.rows["environments"]["1e1"]["actions"] = {name: f"{STACK}/?action={name}" for name in actions}
    server.add("services", "1s1", name="web", environmentId="1e1", scale=1, publicEndpoints=[POINT])


def test_up_creates_and_waits_with_progress(orca: Run, server: FakeServer, monkeypatch) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    monkeypatch.setenv("IMAGE", "orca/web:1")
    server.script["new environments"] = [{"links": {"services": "{url}/v2/projects/1a5/environments/1x1/services"}}]
    server.add("services", "1s1", name="web", environmentId="1x1", publicEndpoints=[POINT])
    server.script["1s1"] = [
        {"state": "activating", "transitioning": "yes", "transitioningMessage": "pulling orca/web:1"},
        {"state": "activating", "transitioning": "yes"},
        {"state": "active", "transitioning": "no"},
    ]
    code, out, err = orca("up")
    assert (code, out) == (0, "web  192.0.2.1:8080\n")
    assert server.changes()[0][2] == {
        "name": "shop",
        "dockerCompose": COMPOSE,
        "rancherCompose": "",
        "environment": {"IMAGE": "orca/web:1"},
        "startOnCreate": True,
    }
    assert "web: activating (pulling orca/web:1)" in err
    assert err.count("web: active\n") == 1


def test_up_again_changes_nothing(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    assert orca("up")[0] == 0
    assert server.changes() == []


def test_up_with_other_text_upgrades(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    Path("rancher-compose.yml").write_text("web:\n  scale: 2\n")
    stack(server)
    assert orca("up", "-d")[0] == 0
    wanted = {"dockerCompose": COMPOSE, "rancherCompose": "web:\n  scale: 2\n", "environment": {}}
    assert server.changes() == [("POST", "environments/1e1/?upgrade", wanted)]


def test_up_ends_an_upgrade_that_was_left(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server, state="upgraded", transitioning="yes")
    server.script["1e1"] = [{}, {"transitioning": "no"}, {"state": "active"}]
    assert orca("up")[0] == 0
    assert server.changes() == [("POST", "environments/1e1/?finishupgrade", {})]


def test_up_starts_what_was_stopped(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.rows["services"]["1s1"]["state"] = "inactive"
    assert orca("up", "-d")[0] == 0
    assert server.changes() == [("POST", "environments/1e1/?activateservices", {})]


def test_a_service_that_fails_ends_with_its_reason(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.script["1s1"] = [{}, {"transitioning": "error", "transitioningMessage": "no such image"}]
    code, _, err = orca("up")
    assert code == 1
    assert "service web: no such image" in err


def test_what_had_failed_before_may_be_cured(orca: Run, server: FakeServer, monkeypatch) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.script["1s1"] = [{"transitioning": "error", "transitioningMessage": "no host"}, {}, {"transitioning": "no"}]
    assert orca("up")[0] == 0
    monkeypatch.setattr("orca.cli.progress.CURE", 0.05)
    server.script["1s1"] = [{"transitioning": "error"}]
    code, _, err = orca("up")
    assert code == 1
    assert "service web: no host" in err


def test_what_is_not_up_in_time_is_named(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    stack(server)
    server.rows["services"]["1s1"].update(state="activating", transitioning="yes")
    code, _, err = orca("up", "--timeout", "0.05")
    assert code == 4
    assert "service web is still activating" in err


def test_the_servers_refusal_is_shown_with_its_field(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    server.refuse = Refused(
        422, "InvalidFormat", fieldName="dockerCompose", message="service 'web': unknown key 'imagee'"
    )
    code, _, err = orca("up")
    assert code == 1
    assert "422 InvalidFormat (field dockerCompose): service 'web': unknown key 'imagee'" in err


def test_down_waits_and_is_content_with_nothing(orca: Run, server: FakeServer) -> None:
    Path("docker-compose.yml").write_text(COMPOSE)
    assert orca("down")[0] == 0
    stack(server)
    server.script["1e1"] = [{}, {"state": "removing"}, {"state": "removed", "transitioning": "no"}]
    code, _, err = orca("down")
    assert code == 0
    assert err.endswith("shop: removed\n")


def test_rm_of_an_unknown_stack_fails(orca: Run) -> None:
    code, _, err = orca("rm", "nowhere")
    assert code == 5
    assert "there is no container, service, stack or host nowhere in project Default" in err


def test_no_compose_file_is_wrong_usage(orca: Run) -> None:
    assert orca("up")[0] == 2
