# SPDX-License-Identifier: Apache-2.0
"""What the server sends is what hoststate understands: the items of a host turn into plans without complaint."""

from pretended import PretendedHost

from orca.hoststate.apply import kinds
from orca.hoststate.plan import dns, firewall, mesh, network
from orca.hoststate.plan.items import PEER, PORT


async def test_items_become_plans(platform):
    first = await platform.join(PretendedHost("h1", "192.0.2.1"))
    second = await platform.join(PretendedHost("h2", "192.0.2.2"))
    text = "web: {image: ok, ports: ['8080:80', '192.0.2.1:53:53/udp'], links: [db]}\ndb: {image: ok}"
    await platform.create("environment", name="s", dockerCompose=text, startOnCreate=True)
    rows = {row.name: row for row in await platform.running(2)}
    web = rows["s_web_1"]
    agent = next(m for m in (first, second) if m.host.by_uuid(web.uuid))
    await agent.until(lambda: len(agent.host.named(PORT)) == 2)
    await agent.until(lambda: "db" in (agent.host.names(web.primaryIpAddress) or {}))
    await agent.until(lambda: agent.host.named(PEER) and agent.host.item("mesh"))
    held = {name: description for name, (_, description) in agent.host.items.items()}

    described = {kind.name: kind.describe(held) for kind in kinds.KINDS}
    assert None not in described.values()
    assert network.containers(described["network"], "/m", "/d").keys() == {"orca-net", "orca-dns"}
    (peer,) = described["mesh"]["peers"].values()
    assert peer["subnet"] in str(mesh.plan(described["mesh"]))
    rules = str(firewall.plan(described["firewall"], firewall.parse("")))
    assert f"--to-destination {web.primaryIpAddress}:80" in rules
    table = dns.table(described["dns"], forward=True)
    assert rows["s_db_1"].primaryIpAddress in table
