# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, sections 1 and 2: what the client reads first, and what it makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import requests


def test_the_version_lists_every_collection_by_its_plural(server):
    root = requests.get(f"{server.url}/v1", timeout=20)
    body = root.json()
    assert (body["id"], body["type"]) == ("v1", "apiVersion")
    assert body["links"]["self"] == f"{server.url}/v1"
    assert body["links"]["loadBalancerServices"] == f"{server.url}/v1/loadbalancerservices"
    assert root.headers["X-API-Schemas"] == f"{server.url}/v1/schemas"


def test_schemas_bind_the_clients_methods(project):
    assert {"list_container", "by_id_container", "create_container", "update_by_id_container"} <= set(dir(project))
    assert hasattr(project, "create_api_key")
    assert not hasattr(project, "create_host")
    assert not hasattr(project, "list_zone")


def test_superadmin_is_recognised_by_the_zones(superadmin):
    assert "zone" in superadmin.schema.types


def test_an_id_that_is_not_there_is_none(project):
    assert project.by_id_container("1i999999") is None


def test_a_stack_is_made_changed_and_removed(project):
    stack = project.create_environment(name="conformance-stack")
    stack = project.wait_success(stack)
    assert (stack.state, stack.type, stack.id[:2]) == ("active", "environment", "1e")
    assert stack.created.endswith("Z")
    assert isinstance(stack.createdTS, int)
    stack = project.update(stack, description="changed")
    stack = project.wait_success(stack)
    assert stack.description == "changed"
    assert [found.id for found in project.list_environment(name="conformance-stack")] == [stack.id]
    removed = project.wait_success(project.delete(stack))
    assert removed.state == "removed"
    assert removed.removed is not None
    assert project.by_id_environment(stack.id).state == "removed"


def test_null_takes_nothing_away_that_a_stack_always_has(project):
    stack = project.wait_success(project.create_environment(name="named-for-good", description="x"))
    answer = project._session.put(
        stack.links.self, data=json.dumps({"name": None, "description": None}), auth=project._auth
    )
    assert (answer.status_code, answer.headers["X-Orca-Ignored-Fields"]) == (200, "name")
    assert (answer.json()["name"], answer.json()["description"]) == ("named-for-good", None)
    strict = {"Prefer": "handling=strict"}
    answer = project._session.put(stack.links.self, data='{"name": null}', auth=project._auth, headers=strict)
    assert (answer.status_code, answer.json()["code"], answer.json()["fieldName"]) == (422, "NotNullable", "name")
    project.delete(project.wait_success(project.reload(stack)))


def test_errors_are_exceptions_with_the_fields_of_the_answer(project):
    from cattle import ApiError

    try:
        project.create_environment()
    except ApiError as refused:
        assert refused.error.status == 422
        assert refused.error.code == "MissingRequired"
        assert refused.error.fieldName == "name"
    else:
        raise AssertionError("a stack needs a name")


# The packages are of Python 2's time: on Python 3 their commands do everything but print what came. This prints it.
RUN = """
import json, sys
import cattle, gdapi
def show(client, shown):
    print(json.dumps(shown.__dict__, default=lambda part: getattr(part, "__dict__", None)))

gdapi._print_cli = show
sys.argv[0] = COMMAND
(cattle if COMMAND == "cattle" else gdapi)._main()
"""


@pytest.mark.parametrize("command", ["cattle", "gdapi"])
def test_the_installed_commands_list_create_act_and_wait(server, tmp_path, command):
    environment = os.environ | {f"{command.upper()}_URL": f"{server.url}/v1", "HOME": str(tmp_path)}

    def run(*arguments: str) -> dict:
        code = RUN.replace("COMMAND", repr(command))
        call = [sys.executable, "-c", code, "--no-cache", *arguments]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    assert run("list-account", "--name", "superadmin")["kind"] == "superadmin"
    made = run("create-account", "--name", f"by-{command}", "--kind", "user")
    assert (made["kind"], made["name"]) == ("user", f"by-{command}")
    while run("list-account", "--id", made["id"])["transitioning"] == "yes":
        pass
    shown = run("account-deactivate", "--id", made["id"])
    assert shown["state"] in ("deactivating", "inactive")
