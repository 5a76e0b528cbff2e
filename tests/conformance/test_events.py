# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, sections 8 and 16: subscribe, publish, and programs that take part in processes."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import websockets
from websockets.sync.client import ClientConnection, connect

WAIT = 20


class Handler:
    """A program that is registered, hears what it is asked, and answers through ``publish``."""

    def __init__(self, superadmin: Any, url: str, name: str) -> None:
        self.name = name
        self.superadmin = superadmin
        auth = requests.auth._basic_auth_str("superadmin", "superadminpass")
        self.socket: ClientConnection = connect(
            f"{url.replace('http', 'ws', 1)}/v1/subscribe?eventNames=*;handler={name}",
            additional_headers={"Authorization": auth},
        )
        assert json.loads(self.socket.recv(WAIT))["name"] == "ping"

    def event(self) -> dict[str, Any]:
        """The next question."""
        while True:
            event = dict(json.loads(self.socket.recv(WAIT)))
            if event["name"] != "ping":
                return event

    def answer(self, event: dict[str, Any], **fields: Any) -> None:
        """Reply to a question."""
        self.superadmin.create_publish(name=event["replyTo"], previousIds=[event["id"]], **fields)


@pytest.fixture
def handler(server: Any, superadmin: Any) -> Iterator[Callable[..., Handler]]:
    """Registers handlers for processes; they are deactivated after the test."""
    with contextlib.ExitStack() as after:

        def make(*processes: str, on_error: str | None = None, **fields: Any) -> Handler:
            name = f"handler{uuid.uuid4().hex[:8]}"
            configs = [{"name": process, "onError": on_error} for process in processes]
            row = superadmin.create_external_handler(name=name, processConfigs=configs, **fields)
            row = superadmin.wait_success(row)
            assert row.state == "active"
            for part in superadmin.list_external_handler_external_handler_process_map(externalHandlerId=row.id).data:
                superadmin.wait_success(part)
            for process in superadmin.list_external_handler_process().data:
                superadmin.wait_success(process)
            after.callback(lambda: superadmin.wait_success(superadmin.reload(row).deactivate()))
            made = Handler(superadmin, server.url, name)
            after.callback(made.socket.close)
            return made

        yield make


def test_subscribe_begins_with_a_ping(server, project):
    auth = (project._access_key, project._secret_key)
    header = requests.auth._basic_auth_str(*auth)
    url = project.schema.types["subscribe"].links.collection.replace("http", "ws", 1)
    with connect(f"{url}?eventNames=resource.change", additional_headers={"Authorization": header}) as socket:
        first = json.loads(socket.recv(WAIT))
        assert first["name"] == "ping"
        stack = project.create_environment(name=f"heard{uuid.uuid4().hex[:8]}")
        while True:
            event = json.loads(socket.recv(WAIT))
            if event.get("resourceId") == stack.id and event["data"]["resource"]["state"] == "active":
                break
        assert event["resourceType"] == "environment"


def test_a_handler_takes_part_and_its_reply_is_merged(handler, project):
    asked = handler("environment.create")
    stack = project.create_environment(name=f"outside{uuid.uuid4().hex[:8]}")
    event = asked.event()
    assert event["name"] == f"environment.create;handler={asked.name}"
    assert (event["resourceType"], event["resourceId"]) == ("environment", stack.id)
    assert event["data"]["resource"]["name"] == stack.name
    assert project.reload(stack).state == "activating"
    asked.answer(event, transitioning="yes", transitioningMessage="half way", transitioningProgress=50)
    asked.answer(event, data={"environment": {"description": "from outside", "state": "removed", "uuid": "x"}})
    stack = project.wait_success(stack)
    assert (stack.state, stack.description) == ("active", "from outside")
    assert stack.uuid != "x"


def test_an_error_fails_the_process_with_its_message(handler, project):
    asked = handler("pre.environment.create", on_error="environment.remove")
    stack = project.create_environment(name=f"refused{uuid.uuid4().hex[:8]}")
    asked.answer(asked.event(), transitioning="error", transitioningMessage="there is no room")
    stack = project.wait_transitioning(project.reload(stack))
    assert stack.transitioningMessage == "there is no room"
    assert stack.transitioning == "error"


def test_priority_and_phases_give_the_order(handler, project):
    name = f"order{uuid.uuid4().hex[:8]}"
    late, early = handler("environment.create", priority=20), handler("environment.create", priority=10)
    post, pre = handler("post.environment.create"), handler("pre.environment.create")
    project.create_environment(name=name)
    for each in (pre, early, late, post):
        each.answer(each.event())
    for each in (pre, early, late, post):
        with pytest.raises(TimeoutError):
            while True:
                assert json.loads(each.socket.recv(0.05))["name"] == "ping"


def test_who_does_not_answer_is_asked_again_and_then_given_up(handler, project):
    asked = handler("environment.create", timeoutMillis=1000, retries=2)
    stack = project.create_environment(name=f"silent{uuid.uuid4().hex[:8]}")
    first, second = asked.event(), asked.event()
    assert first["id"] != second["id"]
    stack = project.wait_transitioning(stack)
    assert stack.transitioning == "error"
    assert "did not answer" in stack.transitioningMessage


def test_only_replies_are_published_and_only_by_who_may(server, admin, project):
    refused = requests.post(f"{server.url}/v1/publish", json={"name": "environment.create"}, timeout=WAIT)
    assert refused.status_code == 403
    assert not hasattr(project, "create_publish")
    assert not hasattr(project, "create_external_handler")


def test_a_project_does_not_hear_questions_to_handlers(handler, server, project):
    asked = handler("environment.create")
    header = requests.auth._basic_auth_str(project._access_key, project._secret_key)
    url = f"{server.url.replace('http', 'ws', 1)}/v1/subscribe?eventNames=*"
    with connect(url, additional_headers={"Authorization": header}) as socket:
        stack = project.create_environment(name=f"quiet{uuid.uuid4().hex[:8]}")
        asked.answer(asked.event())
        while True:
            event = json.loads(socket.recv(WAIT))
            assert "handler" not in event["name"]
            if event.get("resourceId") == stack.id and event["data"]["resource"]["state"] == "active":
                break


def properties(superadmin, point, name):
    found = superadmin.by_id_extension_point(f"process.environment.create.{point}").implementations
    return next(vars(each.properties) for each in found if each.name == name)


def test_each_phase_has_events_of_its_own_name(handler, superadmin, project):
    pre, own, post = (handler(f"{phase}environment.create") for phase in ("pre.", "", "post."))
    project.create_environment(name=f"phases{uuid.uuid4().hex[:8]}")
    for each, phase, point in (
        (pre, "pre.", "pre.listeners"), (own, "", "handlers"), (post, "post.", "post.listeners")
    ):  # fmt: skip
        event = each.event()
        assert event["name"] == f"{phase}environment.create;handler={each.name}"
        shown = properties(superadmin, point, each.name)
        assert shown == {
            "name": each.name,
            "priority": "1000",
            "eventName": event["name"],
            "retry": None,
            "timeoutMillis": None,
        }
        each.answer(event)


def test_an_answer_that_cannot_be_ends_the_process_or_is_passed_over(handler, project):
    taken = project.wait_success(project.create_environment(name=f"taken{uuid.uuid4().hex[:8]}"))
    asked = handler("environment.create")
    stack = project.create_environment(name=f"hostile{uuid.uuid4().hex[:8]}")
    asked.answer(asked.event(), data={"environment": {"name": taken.name}})
    stack = project.wait_transitioning(project.reload(stack))
    assert (stack.transitioning, "already in use" in stack.transitioningMessage) == ("error", True)
    stack = project.create_environment(name=f"hostile{uuid.uuid4().hex[:8]}")
    said = {"description": "x" * 100_000, "name": "\0", "outputs": {"a": "b"}, "environment": {"a": None}, "data": 7}
    asked.answer(asked.event(), data={"environment": said})
    stack = project.wait_success(stack)
    assert (stack.state, stack.description, stack.outputs.a) == ("active", None, "b")


def test_bad_handlers_are_refused(server):
    known = [{"name": "environment.create"}]
    for body in (
        {"name": "x", "processConfigs": [{"name": "nonsense"}]},
        {"processConfigs": [{"name": "a.b"}]},
        {"name": "x", "processConfigs": known, "retries": 101},
        {"name": "x", "processConfigs": known, "timeoutMillis": 10**12},
    ):
        answer = requests.post(f"{server.url}/v1/externalhandlers", json=body, timeout=WAIT)
        assert answer.status_code == 422


def test_unknown_keys_do_not_subscribe(server):
    header = {"Authorization": requests.auth._basic_auth_str("a", "b"), "X-ENFORCE-AUTHENTICATION": "true"}
    with pytest.raises(websockets.InvalidStatus) as refused:
        connect(f"{server.url.replace('http', 'ws', 1)}/v1/subscribe", additional_headers=header)
    assert refused.value.response.status_code == 401
