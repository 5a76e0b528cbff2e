# SPDX-License-Identifier: Apache-2.0
"""What the server sends is what hoststate understands: the items of a host turn into plans without complaint."""

import pytest
from pretended import PretendedHost, eventually

from orca.hoststate.apply import kinds
from orca.hoststate.plan import balancer, balancer_text, checks, dns, firewall, mesh, network
from orca.hoststate.plan.items import CHECK, PEER, PORT, TARGETS
from orca.resources import rows as types
from orca.resources.errors import Refused


async def test_items_become_plans(platform):
    first = await platform.join(PretendedHost("h1", "192.0.2.1"))
    second = await platform.join(PretendedHost("h2", "192.0.2.2"))
    check = "web: {health_check: {port: 80, request_line: 'GET /ok HTTP/1.0', response_timeout: 500}}"
    web = "web: {image: ok, ports: ['8080:80', '192.0.2.1:53:53/udp'], links: [db]}"
    edge = "edge: {image: rancher/load-balancer-service, ports: ['8081:80'], links: [web]}"
    text = f"{web}\ndb: {{image: ok}}\n{edge}"
    await platform.create("environment", name="s", dockerCompose=text, rancherCompose=check, startOnCreate=True)
    rows = {row.name: row for row in await platform.running(3)}
    web, edge = rows["s_web_1"], rows["s_edge_1"]
    agent = next(m for m in (first, second) if m.host.by_uuid(web.uuid))
    await platform.core.db.write(lambda tx: tx.update(tx.require(types.Instance, web.id), healthState="healthy"))
    await agent.until(lambda: len(agent.host.named(PORT)) >= 2)
    await agent.until(lambda: "db" in (agent.host.names(web.primaryIpAddress) or {}))
    await agent.until(lambda: agent.host.named(CHECK))
    await agent.until(lambda: agent.host.named(PEER) and agent.host.item("mesh"))
    held = {name: description for name, (_, description) in agent.host.items.items()}

    described = {kind.name: kind.describe(held) for kind in kinds.KINDS}
    assert None not in described.values()
    assert network.containers(described["network"], "/m", "/d", "/c", "/e").keys() == {
        "orca-net",
        "orca-dns",
        "orca-check",
    }
    (peer,) = described["mesh"]["peers"].values()
    assert peer["subnet"] in str(mesh.plan(described["mesh"]))
    rules = str(firewall.plan(described["firewall"], firewall.parse("")))
    assert f"--to-destination {web.primaryIpAddress}:80" in rules
    table = dns.table(described["dns"], forward=True)
    assert rows["s_db_1"].primaryIpAddress in table
    known = described["metadata"]
    assert known["clients"][web.primaryIpAddress] == web.uuid
    assert known["objects"][f"container/{web.uuid}"]["host"] == f"host/{known['host']}"
    assert {each["name"] for each in known["objects"].values()} >= {"web", "db", "s", agent.host.name}
    (check,) = checks.checks(described["checks"]).values()
    assert (check.address, check.path, check.server.backend) == (web.primaryIpAddress, "/ok", "http-500-get-200-399")

    balancing = next(m for m in (first, second) if m.host.by_uuid(edge.uuid))
    name = TARGETS.item(edge.uuid, "8081")
    await balancing.until(lambda: web.uuid in balancing.host.item(name)["targets"])
    described = balancer.describe({name: description for name, (_, description) in balancing.host.items.items()})
    item = described["balancers"][edge.uuid]
    targets = balancer.targets(item, described["targets"][edge.uuid])
    written = balancer_text.configuration(item, targets)
    assert "bind :8081\n" in written
    assert f"{web.primaryIpAddress}:80" in written
    assert set(balancer.maps(item)) == {8081}


async def test_hosts_check_a_container_while_it_runs(platform):
    members = [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in (1, 2)]
    old = await platform.join(PretendedHost("h3", "192.0.2.3", families=["network", "mesh", "peer", "dns"]))
    row = await platform.create("container", imageUuid="docker:ok", healthCheck={"port": 80})
    (row,) = await platform.running(1)
    for member in members:
        await member.until(lambda member=member: member.host.named(CHECK))
    (name,) = members[0].host.named(CHECK)
    item = members[0].host.item(name)
    own = await platform.read(lambda tx: tx.require(types.Host, row.hostId).uuid)
    assert item == {
        "instance": row.uuid,
        "host": own,
        "start": 1,
        "address": row.primaryIpAddress,
        "port": 80,
        "http": None,
        "expect": "200-399",
        "interval": 2000,
        "timeout": 2000,
        "rise": 2,
        "fall": 3,
    }
    assert not old.host.named(CHECK), "its agent does not understand such items"
    await platform.act("container", row.id, "stop")
    for member in members:
        await member.until(lambda member=member: not member.host.named(CHECK))
    await platform.act("container", row.id, "start")
    await members[0].until(lambda: members[0].host.named(CHECK) and members[0].host.item(name)["start"] == 2)


async def test_what_shares_a_network_is_checked_where_that_network_is(platform):
    members = [await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}")) for number in (1, 2)]
    check = {"port": 80}

    async def beside(owner, **fields):
        row = await platform.create(
            "container", imageUuid="docker:ok", networkMode="container", networkContainerId=owner.id, **fields
        )
        return await platform.until(lambda tx: tx.first(types.Instance, id=row.id, state="running"))

    async def checked(row):
        """The addresses of its checks, by host."""

        def items():
            every = [(member.host, member.host.item(name)) for member in members for name in member.host.named(CHECK)]
            return {host.name: item["address"] for host, item in every if item["instance"] == row.uuid}

        wanted = await platform.read(lambda tx: len(tx.find(types.HealthcheckInstanceHostMap, instanceId=row.id)))
        await eventually(lambda: len(items()) == wanted)
        return items()

    async def made(**fields):
        row = await platform.create("container", imageUuid="docker:ok", **fields)
        return await platform.until(lambda tx: tx.first(types.Instance, id=row.id, state="running"))

    def host_of(row):
        return next(member.host.name for member in members if member.host.by_uuid(row.uuid))

    managed, hosts, alone = await made(), await made(networkMode="host"), await made(networkMode="none")
    sharer = await beside(managed, healthCheck=check)
    assert await checked(sharer) == dict.fromkeys(("h1", "h2"), managed.primaryIpAddress)
    for owner in (hosts, await beside(hosts)):
        row = await beside(owner, healthCheck=check)
        assert await checked(row) == {host_of(row): None}, "by its own host only"
    for fields in (
        {"networkMode": "none"},
        {"networkMode": "bridge"},
        {"networkMode": "container", "networkContainerId": alone.id},
    ):
        with pytest.raises(Refused, match="networkMode") as refused:
            await platform.create("container", imageUuid="docker:ok", healthCheck=check, **fields)
        assert (refused.value.code, refused.value.field) == ("InvalidOption", "healthCheck")
    stack = await platform.create("environment", name="s")
    launch = {"imageUuid": "docker:ok", "networkMode": "none"}
    sidekick = {"name": "side", "imageUuid": "docker:ok", "networkLaunchConfig": "web", "healthCheck": check}
    with pytest.raises(Refused, match="networkMode"):
        await platform.create(
            "service", environmentId=stack.id, name="web", launchConfig=launch, secondaryLaunchConfigs=[sidekick]
        )
