# SPDX-License-Identifier: Apache-2.0
"""The actions `plan` and `apply` of stacks: what is planned is what happens, whatever became of the stack."""

from __future__ import annotations

import json

import pytest
from pretended import PretendedHost
from realserver import RealServer

from orca.orchestration.stacks.actions import PlanChanged
from orca.resources import rows
from orca.resources.errors import Refused

COMPOSE = "web: {image: 'ok/web:${TAG}', links: [db]}\ndb: {image: ok/db}\n"
SCALES = "web: {scale: 2, upgrade_strategy: {interval_millis: 100}}\n"


@pytest.fixture(autouse=True)
async def host(platform, monkeypatch):
    monkeypatch.setattr("orca.orchestration.services.watch.RUNNING_SECONDS", 0.1)
    await platform.join(PretendedHost("one", "192.0.2.1"))


def given(compose=COMPOSE, scales=SCALES, name="shop", variables=None, **more):
    files = {"docker-compose.yml": compose, "rancher-compose.yml": scales}
    return {"name": name, "files": files, "variables": {"TAG": "1"} if variables is None else variables, **more}


async def plan(platform, **asked):
    return await platform.act_on_all("environment", "plan", **given(**asked))


async def apply(platform, **asked):
    """Apply, and wait until the stack and its services are at rest."""
    stack = await platform.act_on_all("environment", "apply", **given(**asked))
    await at_rest(platform, stack)
    return await platform.read(lambda tx: tx.require(rows.Environment, stack.id))


async def at_rest(platform, stack):
    def rests(tx):
        found = [tx.require(rows.Environment, stack.id), *tx.find(rows.Service, environmentId=stack.id)]
        return all(row.state in ("active", "inactive", "upgraded", "canceled-upgrade") for row in found)

    await platform.until(rests)


async def services(platform, stack):
    return await platform.read(lambda tx: {row.name: row for row in tx.find(rows.Service, environmentId=stack.id)})


async def images(platform, service):
    found = await platform.read(lambda tx: tx.find(rows.Instance, serviceId=service.id))
    return [(row.imageUuid, row.state) for row in found]


async def test_what_is_needed_is_asked_for_and_what_was_planned_is_done(platform):
    assert (await plan(platform, variables={}))["needs"] == {"variables": ["TAG"]}
    with pytest.raises(Refused, match="the files name TAG"):
        await apply(platform, variables={})
    found = await plan(platform)
    assert found["lines"] == ["create stack shop", "create web: image ok/web:1; scale 2", "create db: image ok/db"]
    stack = await apply(platform, hash=found["hash"])
    assert stack.state == "active"
    chosen = await services(platform, stack)
    assert {name: (row.state, row.scale) for name, row in chosen.items()} == {"web": ("active", 2), "db": ("active", 1)}
    again = await plan(platform)
    assert (again["changed"], again["lines"]) == (False, [])
    blanks = await plan(platform, compose="# a comment\n" + COMPOSE.replace(", links", ",   links"))
    assert blanks["changed"] is False


async def test_what_was_done_by_hand_is_repaired(platform):
    stack = await apply(platform)
    chosen = await services(platform, stack)
    await platform.delete("service", chosen["db"].id)
    await platform.change("service", chosen["web"].id, scale=5)
    await platform.until(lambda tx: tx.count(rows.Service, environmentId=stack.id) == 1)
    await at_rest(platform, stack)
    found = await plan(platform)
    assert found["lines"] == ["change web: scale 5 -> 2; links [] -> [db]", "create db: image ok/db"]
    await apply(platform, hash=found["hash"])
    assert (await plan(platform))["lines"] == []
    await platform.act("service", chosen["web"].id, "deactivate")
    await at_rest(platform, stack)
    assert (await plan(platform))["lines"] == ["start web"]
    await apply(platform)
    chosen = await services(platform, stack)
    assert {row.state for row in chosen.values()} == {"active"}
    tie = await platform.read(lambda tx: tx.first(rows.ServiceConsumeMap, serviceId=chosen["web"].id))
    assert tie.consumedServiceId == chosen["db"].id


async def test_a_service_that_is_just_being_removed_comes_back(platform):
    stack = await apply(platform)
    db = (await services(platform, stack))["db"]
    await platform.delete("service", db.id)
    await apply(platform)
    found = await services(platform, stack)
    assert found["db"].id != db.id
    assert (await plan(platform))["lines"] == []


async def test_hosts_with_an_engine_too_old_for_a_check_are_named(platform):
    compose = "web: {image: ok/web, healthcheck: {test: 'true', start_interval: 1s}}\n"
    (warning,) = (await plan(platform, compose=compose, scales=""))["warnings"]
    assert "start_interval needs Docker 25 (API 1.44): one has Docker 20.10.24; " in warning
    stack = await apply(platform, compose=compose, scales="")
    assert (await services(platform, stack))["web"].launchConfig["engineHealthCheck"]["startInterval"] == 1000


async def test_a_stack_that_is_linked_to_may_come_later(platform):
    compose = "web: {image: ok/web, external_links: [sn/cache]}\n"
    (warning,) = (await plan(platform, compose=compose, scales=""))["warnings"]
    assert warning == "service web: external_links: there is no stack sn; the link is made once there is one"
    stack = await apply(platform, compose=compose, scales="")
    assert (stack.state, stack.transitioning) == ("active", None)
    web = (await services(platform, stack))["web"]
    assert [link["stack"] for link in web.waitsFor] == ["sn"]
    assert (await plan(platform, compose=compose, scales=""))["changed"] is False
    other = await platform.create("environment", name="SN")
    await platform.create("service", environmentId=other.id, name="Cache", launchConfig={"imageUuid": "docker:ok"})
    tie = await platform.until(lambda tx: tx.first(rows.ServiceConsumeMap, serviceId=web.id))
    assert tie.name == "cache"
    await platform.until(lambda tx: not tx.require(rows.Service, web.id).waitsFor)
    found = await plan(platform, compose=compose, scales="")
    assert (found["warnings"], found["lines"]) == ([], [])


async def test_a_link_that_is_not_wanted_any_more_is_not_waited_for(platform):
    compose = "web: {image: ok/web, external_links: [sn/cache]}\n"
    stack = await apply(platform, compose=compose, scales="")
    without = {"compose": "web: {image: ok/web}\n", "scales": ""}
    assert (await plan(platform, **without))["lines"] == ["change web: waits for [sn/cache] -> []"]
    await apply(platform, **without)
    assert (await services(platform, stack))["web"].waitsFor is None


async def test_a_stack_that_failed_in_the_form_of_2015_is_repaired(platform):
    compose = "web: {image: ok/web, external_links: [sn/cache]}\n"
    stack = await platform.create("environment", name="shop", dockerCompose=compose, startOnCreate=True)
    await platform.until(lambda tx: tx.require(rows.Environment, stack.id).transitioning == "error")
    await apply(platform, name="sn", compose="cache: {image: ok/cache}", scales="")
    assert (await plan(platform, compose=compose, scales=""))["lines"] == ["create web: image ok/web"]
    stack = await apply(platform, compose=compose, scales="")
    assert stack.transitioning is None
    assert (await plan(platform, compose=compose, scales=""))["lines"] == []


async def test_a_plan_that_holds_no_more_is_not_carried_out(platform):
    stack = await apply(platform)
    found = await plan(platform, variables={"TAG": "2"})
    web = (await services(platform, stack))["web"]
    await platform.change("service", web.id, scale=4)
    with pytest.raises(PlanChanged) as refused:
        await apply(platform, variables={"TAG": "2"}, hash=found["hash"])
    new = refused.value.more["plan"]
    assert new["lines"][0] == "change web: scale 4 -> 2"
    assert (await services(platform, stack))["web"].scale == 4
    await apply(platform, variables={"TAG": "2"}, hash=new["hash"])
    assert (await services(platform, stack))["web"].scale == 2


async def test_changed_containers_are_replaced_and_the_upgrade_is_finished(platform):
    stack = await apply(platform)
    found = await plan(platform, variables={"TAG": "2"})
    assert (found["lines"], found["variables"]) == (["replace web: image ok/web:1 -> ok/web:2"], ["TAG"])
    stack = await apply(platform, variables={"TAG": "2"})
    web = (await services(platform, stack))["web"]
    assert (stack.state, web.state) == ("active", "active")
    assert await images(platform, web) == [("docker:ok/web:2", "running")] * 2


@pytest.mark.parametrize("action", ["upgrade", "cancelupgrade"])
async def test_an_upgrade_that_waits_for_a_decision_is_in_nobodys_way(platform, action):
    stack = await apply(platform)
    config = {"imageUuid": "docker:ok/web:2"}
    web = (await services(platform, stack))["web"]
    await platform.act("service", web.id, "upgrade", inServiceStrategy={"launchConfig": config, "intervalMillis": 100})
    if action == "cancelupgrade":
        await platform.act("service", web.id, action)
    await at_rest(platform, stack)
    found = await plan(platform, variables={"TAG": "3"})
    assert [entry["action"] for entry in found["entries"]] == ["finish", "replace"]
    stack = await apply(platform, variables={"TAG": "3"}, hash=found["hash"])
    web = (await services(platform, stack))["web"]
    assert await images(platform, web) == [("docker:ok/web:3", "running")] * 2
    assert (await plan(platform, variables={"TAG": "3"}))["lines"] == []


@pytest.mark.parametrize(
    "text",
    [
        "front: {image: ok/web, ports: ['80:80']}\n",
        "web: {image: ok/web}\nfront: {image: ok/web, ports: ['80:80']}\n",
    ],
    ids=["renamed", "moved"],
)
async def test_a_port_is_let_go_before_another_service_takes_it(platform, text):
    stack = await apply(platform, compose="web: {image: ok/web, ports: ['80:80']}\n", scales="")
    stack = await apply(platform, compose=text, scales="")
    found = await services(platform, stack)
    assert {row.state: row.transitioning for row in found.values()} == {"active": None}
    failed = await platform.read(
        lambda tx: tx.find(rows.ProcessInstance, processName="service.activate", result="FAILED")
    )
    assert (failed, stack.transitioning) == ([], None)


async def test_every_refusal_comes_with_the_plan(platform):
    await apply(platform)
    compose = COMPOSE.replace("db: {image: ok/db}", "db: {image: rancher/external-service}")
    compose += "edge: {image: rancher/load-balancer-service, ports: ['80:80'], links: [web]}\n"
    scales = "db: {hostname: a.example}\nedge: {default_cert: main}\n"
    for ask in (plan, apply):
        with pytest.raises(Refused) as refused:
            await ask(platform, compose=compose, scales=scales)
        assert refused.value.message.splitlines() == [
            "service db is of type service and cannot become externalService: use another name",
            "service edge: there is no certificate 'main'",
        ]


async def test_values_of_variables_are_in_no_plan(platform):
    compose = "web: {image: ok/web, command: 'run ${KEY}', environment: ['KEY', 'OTHER=${KEY}']}\n"
    await apply(platform, compose=compose, scales="", variables={"KEY": "very-hush"})
    found = await plan(platform, compose=compose, scales="", variables={"KEY": "other-hush"})
    assert found["lines"] == ["replace web: command; environment KEY changes; environment OTHER changes"]
    assert "hush" not in json.dumps(found)


async def test_many_services_are_made_in_several_units_and_then_linked_and_started(platform, monkeypatch):
    monkeypatch.setattr("orca.orchestration.stacks.apply.MOST_STEPS", 7)
    compose = "".join(f"s{n}: {{image: ok/x, links: [s{(n + 1) % 20}]}}\n" for n in range(20))
    stack = await apply(platform, compose=compose, scales="")
    found = await services(platform, stack)
    assert {row.state for row in found.values()} == {"active"}
    assert len(found) == 20
    assert (await plan(platform, compose=compose, scales=""))["lines"] == []


async def test_it_goes_over_http_in_v2_only(tmp_path):
    async with RealServer.running(tmp_path / "data") as server:
        found = await server.post("environments?action=plan", given(), status=200)
        assert (found["type"], found["changed"]) == ("stackPlan", True)
        refused = await server.call("POST", "environments?action=apply", given(hash="another"))
        assert (refused.status_code, refused.json()["code"]) == (409, "PlanChanged")
        assert refused.json()["plan"]["hash"] == found["hash"]
        stack = await server.post("environments?action=apply", given(hash=found["hash"]), status=202)
        assert (stack["type"], stack["name"]) == ("environment", "shop")
        assert sorted((await server.get("environments"))["actions"]) == ["apply", "plan"]
        schema = await server.get(f"{server.project}/schemas/environment")
        assert schema["collectionActions"]["plan"] == {"input": "stackInput", "output": "stackPlan"}
        old = server.project.replace("/v2/", "/v1/")
        assert (await server.get(f"{old}/environments"))["actions"] == {}
        assert (await server.get(f"{old}/schemas/environment"))["collectionActions"] == {}
