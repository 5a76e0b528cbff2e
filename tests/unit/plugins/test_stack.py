# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of stacks and hosts: what is there, what is wanted, what is done."""

from __future__ import annotations

import time

import pytest
from ansible_collections.orca.platform.plugins.module_utils import _stack
from ansible_collections.orca.platform.plugins.module_utils._api import ApiClient, ApiError, Target
from ansible_collections.orca.platform.plugins.modules import host, host_info
from fakeserver import KEYS, PLAN, FakeServer, running


def test_the_diff_is_the_plan() -> None:
    assert _stack.diff("shop", ["create web"]) == {"prepared": "stack shop\ncreate web\n"}
    assert _stack.diff("shop", []) == {"prepared": ""}


def test_variables_are_given_as_far_as_the_server_asks_for_them() -> None:
    with running(FakeServer()) as server:
        client = ApiClient(Target(server.url, *KEYS))
        server.plans = [{**PLAN, "needs": {"variables": ["TAG", "DEBUG", "HOME"]}}, {**PLAN, "lines": ["create web"]}]
        wanted = _stack.Wanted("shop", "web: {}", "web: {scale: 2}", {"TAG": 1, "DEBUG": True, "UNUSED": "hush"})
        assert wanted.plan(client)["lines"] == ["create web"]
        (_, _, first), (_, _, second) = server.changes()
        assert first["files"] == {"docker-compose.yml": "web: {}", "rancher-compose.yml": "web: {scale: 2}"}
        assert (first["variables"], second["variables"]) == ({}, {"TAG": "1", "DEBUG": "true", "HOME": None})


def test_what_the_server_needs_besides_is_named() -> None:
    with running(FakeServer()) as server:
        server.plans = [{**PLAN, "needs": {"files": ["a.env"]}}]
        with pytest.raises(ApiError, match="the server needs files, which this module cannot give: update it"):
            _stack.Wanted("shop", "web: {}", None, {}).plan(ApiClient(Target(server.url, *KEYS)))


def test_a_plan_that_holds_no_more_is_made_again() -> None:
    with running(FakeServer()) as server:
        client = ApiClient(Target(server.url, *KEYS))
        server.plans = [PLAN, {**PLAN, "lines": ["start web"], "hash": "other"}]
        wanted = _stack.Wanted("shop", "web: {}", None, {})
        plan, stack = wanted.apply(client, wanted.plan(client))
        assert (plan["lines"], stack["name"]) == (["start web"], "shop")


@pytest.mark.parametrize(
    ("state", "labels", "purge", "operations", "after"),
    [
        ("present", {}, False, [], {"state": "active", "labels": {"disk": "ssd"}}),
        ("present", {"rack": 7}, False, ["update"], {"state": "active", "labels": {"disk": "ssd", "rack": "7"}}),
        ("present", {"rack": 7}, True, ["update"], {"state": "active", "labels": {"rack": "7"}}),
        ("present", {"gpu": True}, True, ["update"], {"state": "active", "labels": {"gpu": "true"}}),
        ("inactive", {}, False, ["deactivate"], {"state": "inactive", "labels": {"disk": "ssd"}}),
        ("absent", {}, False, ["deactivate", "remove"], {}),
    ],
)
def test_host_plan(state, labels, purge, operations, after) -> None:
    have = {"state": "active", "labels": {"disk": "ssd"}}
    assert host.plan(have, state, labels, purge)[::2] == (operations, after)


def test_host_info_selects_by_name_and_labels() -> None:
    hosts = [{"name": None, "hostname": "b", "labels": {"disk": "ssd", "n": "1"}}, {"name": "a", "labels": None}]
    assert [row.get("name") for row in host_info.select(hosts, None, {})] == ["a", None]
    assert host_info.select(hosts, None, {"disk": "ssd", "n": 1}) == [hosts[0]]
    assert host_info.select(hosts, ["a"], {}) == [hosts[1]]


def test_hosts_of_one_name_are_all_listed_and_none_is_taken_for_the_other() -> None:
    hosts = [{"id": "1h1", "name": "debian"}, {"id": "1h2", "name": None, "hostname": "debian"}]
    assert host_info.select(hosts, None, {}) == hosts
    with pytest.raises(ApiError, match="debian is the name of several hosts, 1h1, 1h2"):
        host.by_name(hosts, ["debian"])
    assert host.by_name([*hosts, {"id": "1h3", "name": "a"}], ["a"])["a"]["id"] == "1h3"


def test_waiting_until_a_stack_is_up() -> None:
    with running(FakeServer()) as server:
        client = ApiClient(Target(server.url, *KEYS))
        server.add(
            "environments", "1x1", name="shop", links={"services": "{url}/v2/projects/1a5/environments/1x1/services"}
        )
        server.add("services", "1s1", name="web", environmentId="1x1", publicEndpoints=[{"ipAddress": "a", "port": 1}])
        server.script["1s1"] = [
            {"state": "activating", "transitioning": "yes"},
            {"state": "active", "transitioning": "no"},
        ]
        made = client.find("environments", name="shop")
        stack, services = _stack.wait_up(client, made, time.monotonic() + 5)
        assert stack["name"] == "shop"
        assert _stack.endpoints(services) == [{"service": "web", "address": "a", "port": 1}]
        server.rows["services"]["1s1"].update(state="inactive")
        assert _stack.wait_up(client, made, time.monotonic())[1][0]["state"] == "inactive"
        server.rows["services"]["1s1"].update(transitioning="error", transitioningMessage="port 80 is taken by web_1")
        with pytest.raises(ApiError, match="service web: port 80 is taken by web_1"):
            _stack.wait_up(client, stack, time.monotonic() + 5)
