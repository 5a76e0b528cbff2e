# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of stacks and hosts: what is there, what is wanted, what is done."""

from __future__ import annotations

import time

import pytest
from ansible_collections.orca.platform.plugins.module_utils import _stack
from ansible_collections.orca.platform.plugins.module_utils._api import ApiClient, ApiError, Target
from ansible_collections.orca.platform.plugins.modules import host, host_info
from fakeserver import KEYS, FakeServer, running

WANT = _stack.wanted("web: {image: x}\n", None, {"TAG": 1})
HAVE = {"dockerCompose": "web: {image: x}\n", "rancherCompose": None, "environment": {"TAG": "1"}}
UP, STOPPED = [{"state": "active"}], [{"state": "active"}, {"state": "inactive"}]


@pytest.mark.parametrize(
    ("want", "have", "services", "operations"),
    [
        (WANT, None, [], ("create",)),
        (WANT, HAVE, UP, ()),
        (WANT, HAVE, STOPPED, ("activate",)),
        (WANT, HAVE | {"dockerCompose": "web: {image: y}\n"}, UP, ("upgrade",)),
        (WANT, HAVE | {"environment": None}, STOPPED, ("activate", "upgrade")),
        (WANT, HAVE | {"state": "upgraded"}, UP, ("finish",)),
        (WANT, HAVE | {"state": "upgraded", "environment": None}, UP, ("finish", "upgrade")),
        (None, HAVE, UP, ("remove",)),
        (None, None, [], ()),
    ],
)
def test_stack_plan(want, have, services, operations) -> None:
    assert _stack.plan(want, have, services).operations == operations


def test_the_diff_shows_texts_and_no_values_of_variables() -> None:
    diff = _stack.plan(_stack.wanted("web: {}\n", "", {"PASSWORD": "hush"}), None, []).diff("shop")
    assert diff["before"] == ""
    assert "web: {}" in diff["after"]
    assert "PASSWORD" in diff["after"]
    assert "hush" not in diff["after"]


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


def test_carrying_out_and_waiting_against_a_server() -> None:
    with running(FakeServer()) as server:
        client = ApiClient(Target(server.url, *KEYS))
        server.script["new environments"] = [{"links": {"services": "{url}/v2/projects/1a5/environments/1x1/services"}}]
        server.add("services", "1s1", name="web", environmentId="1x1", publicEndpoints=[{"ipAddress": "a", "port": 1}])
        server.script["1s1"] = [
            {"state": "activating", "transitioning": "yes"},
            {"state": "active", "transitioning": "no"},
        ]
        made = _stack.carry_out(client, "shop", _stack.plan(WANT, None, []), None, time.monotonic() + 5)
        stack, services = _stack.wait_up(client, made, time.monotonic() + 5)
        assert stack["name"] == "shop"
        assert _stack.endpoints(services) == [{"service": "web", "address": "a", "port": 1}]
        server.rows["services"]["1s1"].update(state="upgraded")
        assert _stack.wait_up(client, made, time.monotonic())[1][0]["state"] == "upgraded"
        server.rows["services"]["1s1"].update(transitioning="error", transitioningMessage="port 80 is taken by web_1")
        with pytest.raises(ApiError, match="service web: port 80 is taken by web_1"):
            _stack.wait_up(client, stack, time.monotonic() + 5)
