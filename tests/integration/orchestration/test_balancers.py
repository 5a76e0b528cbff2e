# SPDX-License-Identifier: Apache-2.0
"""What hosts with a balancer are told, and how a target of it ends."""

from dataclasses import replace
from functools import partial

import pytest
from inprocess import Platform
from pretended import PretendedAgent, PretendedHost, eventually

from orca import wire
from orca.hoststate.plan.items import BALANCER, CERTIFICATE, TARGETS
from orca.orchestration.balancers import host_names
from orca.orchestration.containers import draining
from orca.orchestration.containers.draining import Withdrawal
from orca.resources import rows as types
from orca.simulator.faults import NONE
from orca.wire import names

TEXT = """
web: {image: ok, scale: 2}
edge:
  image: rancher/load-balancer-service
  ports: ["8080:80"]
  links: [web]
"""


@pytest.fixture
async def hosts(platform):
    """Two hosts."""
    return [await platform.join(PretendedHost(f"h{n}", f"192.0.2.{n}")) for n in (1, 2)]


async def start(platform, text=TEXT, count=3, rancher=None):
    """A running stack; returns its containers by name."""
    more = {} if rancher is None else {"rancherCompose": rancher}
    await platform.create("environment", name="s", dockerCompose=text, startOnCreate=True, **more)
    found = {row.name: row for row in await platform.running(count)}
    await told(platform)
    return found


async def told(platform):
    """Wait until all that was committed before is in the items of hosts."""
    await platform.core.part(Withdrawal).written()


async def items_of(platform, uuid):
    """The items of a balancer's container, as their host should have them: its own, and the targets by backend."""

    def read(tx):
        found = {row.name: row.description for row in tx.find(types.ConfigItemStatus) if row.description is not None}
        prefix = TARGETS.item(uuid, "")
        targets = {
            name.removeprefix(prefix): each["targets"] for name, each in found.items() if name.startswith(prefix)
        }
        return found.get(BALANCER.item(uuid)), targets

    return await platform.read(read)


async def service(platform, name):
    return await platform.read(lambda tx: tx.first(types.Service, name=name))


async def test_the_host_of_a_balancer_knows_it_before_it_starts(platform, hosts):
    rows = await start(platform)
    edge = rows["s_edge_1"]
    agent = next(each for each in hosts if each.host.by_uuid(edge.uuid))
    order = agent.host.orders[edge.uuid]
    assert (order["balancer"], order["ports"]) == (True, [{"publicPort": 8080, "privatePort": 8080, "protocol": "tcp"}])
    assert edge.systemContainer == "LoadBalancerAgent"
    assert await platform.read(lambda tx: [row.name for row in tx.find(types.Image)]) == ["ok"], "its image is no row"
    sent = [event for event in agent.received if event.name in (names.CONFIG_UPDATE, names.ACTIVATE)]
    starts = next(n for n, event in enumerate(sent) if event.data.get("instance", {}).get("uuid") == edge.uuid)
    known = [
        item["name"] for event in sent[:starts] if event.name == names.CONFIG_UPDATE for item in event.data["items"]
    ]
    assert {BALANCER.item(edge.uuid), TARGETS.item(edge.uuid, "8080")} <= set(known)
    description, targets = await items_of(platform, edge.uuid)
    assert description == {
        "instance": edge.uuid,
        "listeners": [{"port": 8080, "protocol": "http", "proxy": False}],
        "routes": [{"port": 8080, "host": None, "path": None, "priority": None, "backend": "8080"}],
        "backends": {
            "8080": {
                "protocol": "http",
                "algorithm": "roundrobin",
                "proxy": False,
                "check": None,
                "cookie": None,
                "application_cookie": None,
            }
        },
        "certificates": [],
        "default_certificate": None,
        "custom": {},
    }
    web = [rows["s_web_1"], rows["s_web_2"]]
    assert targets["8080"] == {
        row.uuid: {"address": row.primaryIpAddress, "port": 80, "weight": 100, "state": "ready"} for row in web
    }
    assert all(not each.host.named(BALANCER) for each in hosts if each is not agent)


async def test_targets_follow_containers(platform, hosts):
    rows = await start(platform)
    edge, one, two = rows["s_edge_1"], rows["s_web_1"], rows["s_web_2"]
    before, targets = await items_of(platform, edge.uuid)
    await platform.act("container", one.id, "setlabels", labels={**one.labels, "io.orca.balancer.weight": "5"})
    await told(platform)
    _, targets = await items_of(platform, edge.uuid)
    assert [targets["8080"][row.uuid]["weight"] for row in (one, two)] == [5, 100]
    web = await service(platform, "web")
    await platform.change("service", web.id, scale=3)
    await platform.until(lambda tx: tx.count(types.Instance, state="running", serviceId=web.id) == 3)
    await told(platform)
    after, targets = await items_of(platform, edge.uuid)
    assert (len(targets["8080"]), after) == (3, before)
    await platform.delete("container", two.id)
    await platform.until(lambda tx: tx.require(types.Instance, two.id).removed)
    await told(platform)
    _, targets = await items_of(platform, edge.uuid)
    assert two.uuid not in targets["8080"]


async def test_initializing_containers_join_when_they_are_healthy(platform, hosts):
    check = "web: {health_check: {port: 80, request_line: 'GET /ok HTTP/1.0', strategy: none}}"
    rows = await start(platform, rancher=check)
    edge, one = rows["s_edge_1"], rows["s_web_1"]
    description, targets = await items_of(platform, edge.uuid)
    assert targets["8080"] == {}
    assert description["backends"]["8080"]["check"] == {
        "port": 80,
        "http": {"method": "GET", "path": "/ok", "host": None},
        "expect": "200-399",
        "interval": 2000,
        "timeout": 2000,
        "rise": 2,
        "fall": 3,
    }
    for state, joined in (("healthy", {one.uuid}), ("unhealthy", set())):
        await platform.core.db.write(partial(_find, id=one.id, state=state))
        await told(platform)
        _, targets = await items_of(platform, edge.uuid)
        assert targets["8080"].keys() == joined


def _find(tx, id, state):
    """Somebody finds a container healthy, or not."""
    tx.update(tx.require(types.Instance, id), healthState=state)


async def test_a_target_that_stops_leaves_first(platform, hosts, monkeypatch):
    rows = await start(platform)
    edge, one = rows["s_edge_1"], rows["s_web_1"]
    balancing = next(each for each in hosts if each.host.by_uuid(edge.uuid))
    held, receive = [], balancing.receive

    def hold(event, found=NONE):
        if event.name == names.DRAIN:
            held.append(event)
        else:
            receive(event, found)

    monkeypatch.setattr(balancing, "receive", hold)
    monkeypatch.setattr(draining, "CONFIRM_SECONDS", 60.0)  # a busy machine may need more than two
    await platform.act("container", one.id, "stop")
    await eventually(lambda: held)
    (drain,) = held
    assert {**drain.data, "key": ""} == {"key": "", "instance": edge.uuid, "target": one.uuid, "timeout": 10_000}
    name = TARGETS.item(edge.uuid, "8080")
    assert balancing.host.item(name)["targets"][one.uuid]["state"] == "drain", "the host had confirmed it"
    assert not [event for each in hosts for event in each.received if event.name == names.DEACTIVATE]
    receive(drain)
    await platform.until(lambda tx: tx.require(types.Instance, one.id).startCount == 2)
    await balancing.until(lambda: balancing.host.item(name)["targets"].get(one.uuid, {}).get("state") == "ready")


@pytest.mark.parametrize("how", ["scale", "deactivate", "remove", "upgrade", "restart"])
async def test_every_end_of_a_target_drains(platform, hosts, how):
    rows = await start(platform, TEXT.replace("image: ok", "image: ok, labels: {io.orca.drain.seconds: 3}"))
    edge, two = rows["s_edge_1"], rows["s_web_2"]
    web = await service(platform, "web")
    if how == "scale":
        await platform.change("service", web.id, scale=1)
    elif how == "upgrade":
        strategy = {
            "launchConfig": {**web.launchConfig, "imageUuid": "docker:ok2"},
            "batchSize": 2,
            "intervalMillis": 10,
        }
        await platform.act("service", web.id, "upgrade", inServiceStrategy=strategy)
    elif how == "restart":
        await platform.act("container", two.id, "restart")
    elif how == "remove":
        await platform.delete("container", two.id)
    else:
        await platform.act("service", web.id, how)

    def drains():
        return [event.data for each in hosts for event in each.received if event.name == names.DRAIN]

    def said():
        return [(data["target"], data["instance"], data["timeout"]) for data in drains()]

    await eventually(lambda: (two.uuid, edge.uuid, 3000) in said())
    stopped = [event.data["uuid"] for each in hosts for event in each.received if event.name == names.DEACTIVATE]
    assert len(said()) == len(set(said()))
    assert stopped.count(two.uuid) <= 1


async def test_nobody_waits_for_what_is_behind_no_balancer(platform, hosts):
    rows = await start(platform, "web: {image: ok}", 1)
    await platform.act("container", rows["s_web_1"].id, "stop")
    await platform.until(lambda tx: tx.require(types.Instance, rows["s_web_1"].id).startCount == 2)
    assert not [event for each in hosts for event in each.received if event.name == names.DRAIN]


async def test_the_host_of_a_balancer_that_is_away_is_passed_over(platform, hosts):
    rows = await start(platform)
    edge = rows["s_edge_1"]
    away = next(each for each in hosts if each.host.by_uuid(edge.uuid))
    one = next(row for name, row in rows.items() if "web" in name and not away.host.by_uuid(row.uuid))
    await platform.disconnect(platform.connection_of(away))
    await platform.act("container", one.id, "stop")
    await platform.until(lambda tx: tx.require(types.Instance, one.id).startCount == 2)


async def test_the_key_of_a_certificate_is_for_the_host_alone(platform, hosts):
    certificate = await platform.core.db.write(
        lambda tx: tx.insert(
            types.Certificate,
            name="shop",
            accountId=platform.project_id,
            state="active",
            cert="CERT\n",
            certChain="CHAIN\n",
            secret=platform.core.vault.seal("KEY", "certificate.key"),
        )
    )
    text = TEXT.replace('ports: ["8080:80"]', 'ports: ["443:80"]\n  labels: {io.rancher.loadbalancer.ssl.ports: "443"}')
    rows = await start(platform, text, rancher="edge: {default_cert: shop}")
    edge = rows["s_edge_1"]
    agent = next(each for each in hosts if each.host.by_uuid(edge.uuid))
    name = CERTIFICATE.item(certificate.uuid)
    assert agent.host.item(name) == {"chain": "CERT\nCHAIN\n", "key": "KEY"}
    assert not any(each.host.named(CERTIFICATE) for each in hosts if each is not agent)
    stored = await platform.read(lambda tx: [row.description for row in tx.find(types.ConfigItemStatus, name=name)])
    assert "KEY" not in str(stored)
    description, _ = await items_of(platform, edge.uuid)
    assert description["certificates"] == [certificate.uuid]
    assert description["default_certificate"] == certificate.uuid
    renewed = platform.core.vault.seal("OTHER", "certificate.key")
    await platform.core.db.write(lambda tx: tx.update(tx.require(types.Certificate, certificate.id), secret=renewed))
    await agent.until(lambda: agent.host.item(name)["key"] == "OTHER")


async def test_external_addresses_and_services_of_other_stacks_are_targets(platform, hosts):
    other = "outside: {image: rancher/external-service}"
    await platform.create(
        "environment",
        name="far",
        dockerCompose=other,
        rancherCompose="outside: {external_ips: [192.0.2.77]}",
        startOnCreate=True,
    )
    text = TEXT + "  external_links: [far/outside]\n  labels: {io.rancher.loadbalancer.target.far/outside: '/far=99'}\n"
    await platform.until(lambda tx: tx.count(types.ServiceExposeMap, ipAddress="192.0.2.77"))
    rows = await start(platform, text)
    description, targets = await items_of(platform, rows["s_edge_1"].uuid)
    (route,) = [route for route in description["routes"] if route["path"] == "/far"]
    assert targets[route["backend"]] == {
        "192.0.2.77": {"address": "192.0.2.77", "port": 99, "weight": 100, "state": "ready"}
    }
    edge = await service(platform, "edge")
    outside = await service(platform, "outside")
    await platform.act("loadBalancerService", edge.id, "removeservicelink", serviceLink={"serviceId": outside.id})
    await told(platform)
    description, targets = await items_of(platform, rows["s_edge_1"].uuid)
    assert (len(description["routes"]), targets.keys()) == (1, {"8080"})


async def test_a_host_name_elsewhere_is_looked_up(platform, hosts, monkeypatch):
    answers, asked = {"db.example.com": ["192.0.2.9", "192.0.2.8"]}, []

    async def look_up(name):
        asked.append(name)
        if name not in answers:
            raise OSError("no such name")
        return answers[name]

    monkeypatch.setattr(host_names, "addresses_of", look_up)
    elsewhere = "\nfar: {image: rancher/external-service}\nlost: {image: rancher/external-service}\n"
    rancher = "far: {hostname: db.example.com}\nlost: {hostname: nowhere.example.com}"
    text = TEXT.replace("[web]", "[web, far, lost]") + elsewhere
    rows = await start(platform, text, rancher=rancher)
    edge, backend = rows["s_edge_1"], TARGETS.item(rows["s_edge_1"].uuid, "8080")
    agent = next(each for each in hosts if each.host.by_uuid(edge.uuid))
    web = {row.uuid for row in rows.values() if row is not edge}
    await agent.until(lambda: agent.host.item(backend)["targets"].keys() == {*web, "192.0.2.8", "192.0.2.9"})
    assert "nowhere.example.com" in asked
    far = await service(platform, "far")
    await platform.change("externalService", far.id, hostname="other.example.com")
    await agent.until(lambda: agent.host.item(backend)["targets"].keys() == web)


async def test_old_agents_get_no_such_items(platform):
    agent = await platform.join(PretendedHost("h1", "192.0.2.1", families=["network", "names", "dns"]))
    rows = await start(platform)
    assert await items_of(platform, rows["s_edge_1"].uuid) == (None, {})
    assert not agent.host.named(BALANCER)


async def test_a_refused_configuration_is_shown_while_it_lasts(platform, hosts):
    rows = await start(platform)
    edge = rows["s_edge_1"]
    agent = next(each for each in hosts if each.host.by_uuid(edge.uuid))
    message = (
        "loadBalancerConfig.haproxyConfig: global line 2: unknown keyword 'maxcon'; "
        "the last good configuration stays in use"
    )

    def shown(tx):
        found = [tx.first(types.LoadBalancer), tx.first(types.Service, name="edge"), tx.first(types.Environment)]
        return [(row.state, row.transitioning, row.transitioningMessage) for row in found]

    good = [("active", None, None)] * 3
    bad = [("active", "error", message), ("active", "error", message), ("active", "error", f"edge: {message}")]
    await platform.until(lambda tx: shown(tx) == good)
    refusal = wire.Refusal(instance=edge.uuid, at=1, reason="unknown keyword 'maxcon'", section="global", line=2)
    agent.tell(names.BALANCER_REPORT, wire.BalancerReport(refusals=[refusal]))
    await platform.until(lambda tx: shown(tx) == bad)
    row = await service(platform, "edge")
    await platform.change("loadBalancerService", row.id, scale=2)
    await platform.until(lambda tx: tx.require(types.Service, row.id).currentScale == 2)
    assert await platform.read(shown) == bad
    agent.tell(names.BALANCER_REPORT, wire.BalancerReport(complete=True))
    await platform.until(lambda tx: shown(tx) == good)


async def test_nobody_reports_for_another_host(platform, hosts):
    rows = await start(platform)
    edge = rows["s_edge_1"]
    other = next(each for each in hosts if not each.host.by_uuid(edge.uuid))
    refusal = wire.Refusal(instance=edge.uuid, at=1, reason="no")
    other.tell(names.BALANCER_REPORT, wire.BalancerReport(refusals=[refusal]))
    other.tell(names.HOST_CHANGE, wire.HostFacts(addresses=["192.0.2.99"]))
    await platform.until(lambda tx: any(row.agentIpAddress == "192.0.2.99" for row in tx.find(types.Host)))
    assert await platform.read(lambda tx: tx.first(types.LoadBalancer).transitioningMessage) is None


async def test_a_target_that_a_balancer_finds_down_says_so(platform, hosts):
    rows = await start(platform)
    edge, one = rows["s_edge_1"], rows["s_web_1"]
    agent = next(each for each in hosts if each.host.by_uuid(edge.uuid))

    def edge_of(state):
        return wire.TargetEdge(
            instance=edge.uuid, backend="8080", target=one.uuid, state=state, at=1, reason="connection refused"
        )

    def shown(tx):
        return tx.first(types.LoadBalancerTarget, instanceId=one.id).transitioningMessage

    agent.tell(names.BALANCER_REPORT, wire.BalancerReport(targets=[edge_of("down")]))
    await platform.until(lambda tx: shown(tx) == "down: connection refused")
    agent.tell(names.BALANCER_REPORT, wire.BalancerReport(targets=[edge_of("up")]))
    await platform.until(lambda tx: shown(tx) is None)


async def test_what_a_balancer_did_is_asked_when_somebody_looks(platform, hosts):
    rows = await start(platform, TEXT.replace("links: [web]", "links: [web]\n  scale: 2"), 4)
    row = await service(platform, "edge")
    hook = platform.core.behaviour.targets["loadBalancerService.stats"]
    call = replace(platform.call(), version="v2")
    assert hook.offered(call, row)
    assert not hook.offered(replace(call, version="v1"), row)

    async def look():
        later = await platform.read(lambda tx: hook.show(tx, call, tx.require(types.Service, row.id)))
        return await later.ask()

    found = await look()
    assert (found["type"], found["unanswered"]) == ("balancerStats", [])
    seen = {(each["container"], each["backend"], each["target"]) for each in found["targets"]}
    assert seen == {(edge, "8080", web) for edge in ("s_edge_1", "s_edge_2") for web in ("s_web_1", "s_web_2")}
    assert {(each["state"], each["sessions"]) for each in found["targets"]} == {("up", 0)}
    away = next(each for each in hosts if each.host.by_uuid(rows["s_edge_1"].uuid))
    await platform.disconnect(platform.connection_of(away))
    assert {"container": "s_edge_1", "reason": "the agent of its host is away"} in (await look())["unanswered"]


async def test_a_server_that_dies_meanwhile_goes_on_where_it_was(tmp_path, database):
    held = []

    class Holding(PretendedAgent):
        """An agent whose balancers never say that a target has no connection left."""

        def receive(self, event, found=NONE):
            if event.name == names.DRAIN:
                held.append(event.data)
            else:
                super().receive(event, found)

    async with Platform.start(tmp_path, database) as platform:
        agent_id = await platform.register(host := PretendedHost("h1", "192.0.2.1"))
        agent = Holding(host)
        await platform.connect(agent_id, agent)
        rows = await start(platform)
        one = rows["s_web_1"]
        await platform.act("container", one.id, "stop")
        await eventually(lambda: held)
    assert not [event for event in agent.received if event.name == names.DEACTIVATE]
    async with Platform.start(tmp_path, database) as platform:
        await platform.connect(agent_id, agent := PretendedAgent(host))
        await platform.until(lambda tx: tx.require(types.Instance, one.id).startCount == 2)
    drained = [event.data for event in agent.received if event.name == names.DRAIN]
    assert drained == held, "the same command, by its key"
    assert [event.data["uuid"] for event in agent.received if event.name == names.DEACTIVATE] == [one.uuid]
