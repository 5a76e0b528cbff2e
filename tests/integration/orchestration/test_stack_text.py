# SPDX-License-Identifier: Apache-2.0
"""Stacks from compose text with every kind of service: what is made, how it follows the text, and back to text."""

import pytest
from pretended import PretendedHost

from orca.orchestration.stacks import world as stack_world
from orca.resources import rows
from orca.resources.errors import Refused

DOCKER = """
web:
  image: ok/web
  labels: {io.rancher.sidekicks: log, tier: web}
log: {image: ok/log, volumes_from: [web]}
db: {image: ok/db}
data: {image: rancher/dns-service, links: [db]}
elsewhere: {image: rancher/external-service}
edge:
  image: rancher/load-balancer-service
  ports: ["80:8080"]
  links: [web]
  labels: {io.rancher.loadbalancer.target.web: shop.example=8080}
"""
RANCHER = """
web:
  scale: 2
  retain_ip: true
  upgrade_strategy: {batch_size: 2, interval_millis: 100}
  health_check: {port: 80}
log: {health_check: {port: 514}}
elsewhere: {external_ips: [192.0.2.7]}
edge:
  start_on_create: false
  load_balancer_config: {haproxy_config: {global: maxconn 10}}
  default_cert: main
"""


@pytest.fixture
async def certificate(platform):
    return await platform.core.db.write(
        lambda tx: tx.insert(rows.Certificate, accountId=platform.project_id, name="main", state="active")
    )


@pytest.fixture
async def stack(platform, certificate):
    for number in (1, 2):
        await platform.join(PretendedHost(f"h{number}", f"192.0.2.{number}"))
    row = await platform.create(
        "environment", name="shop", dockerCompose=DOCKER, rancherCompose=RANCHER, startOnCreate=True
    )
    await settled(platform, row)
    return row


async def settled(platform, stack):
    """Wait until the stack and its services do nothing any more."""

    def quiet(tx):
        found = [tx.require(rows.Environment, stack.id), *tx.find(rows.Service, environmentId=stack.id)]
        return all(row.state in ("active", "inactive", "upgraded") and row.transitioning is None for row in found)

    await platform.until(quiet)


async def services(platform, stack):
    return await platform.read(lambda tx: {row.name: row for row in tx.find(rows.Service, environmentId=stack.id)})


async def texts(platform, stack, **data):
    shown = await platform.act("environment", stack.id, "exportconfig", **data)
    return {"dockerCompose": shown["dockerComposeConfig"], "rancherCompose": shown["rancherComposeConfig"]}


async def test_the_text_declares_what_the_api_would(platform, stack, certificate):
    found = await services(platform, stack)
    assert {name: (row.kind, row.state) for name, row in found.items()} == {
        "web": ("service", "active"),
        "db": ("service", "active"),
        "data": ("dnsService", "active"),
        "elsewhere": ("externalService", "active"),
        "edge": ("loadBalancerService", "inactive"),
    }
    web = found["web"]
    assert (web.scale, web.retainIp) == (2, True)
    assert web.launchConfig == {
        "imageUuid": "docker:ok/web",
        "labels": {"tier": "web"},
        "healthCheck": {"port": 80},
        "version": "0",
    }
    assert web.secondaryLaunchConfigs == [
        {
            "name": "log",
            "imageUuid": "docker:ok/log",
            "dataVolumesFromLaunchConfigs": ["web"],
            "healthCheck": {"port": 514},
            "networkMode": "managed",
            "version": "0",
        }
    ]
    assert found["elsewhere"].externalIpAddresses == ["192.0.2.7"]

    def balancer(tx):
        (balancer,) = tx.find(rows.LoadBalancer, serviceId=found["edge"].id)
        (config,) = tx.find(rows.LoadBalancerConfig, serviceId=found["edge"].id)
        (listener,) = tx.find(rows.LoadBalancerListener, serviceId=found["edge"].id)
        (tie,) = tx.find(rows.ServiceConsumeMap, serviceId=found["edge"].id)
        ports = (listener.sourcePort, listener.targetPort)
        return balancer.defaultCertificateId, config.haproxyConfig, ports, (tie.consumedServiceId, tie.ports)

    assert await platform.read(balancer) == (
        certificate.id,
        {"global": "maxconn 10"},
        (80, 8080),
        (web.id, ["shop.example=8080"]),
    )


async def test_the_exported_text_makes_the_same_stack_again(platform, stack):
    exported = await texts(platform, stack)
    again = await platform.create("environment", name="again", startOnCreate=True, **exported)
    await settled(platform, again)
    first, second = await platform.read(
        lambda tx: [stack_world.specs(tx, tx.require(rows.Environment, row.id), set()) for row in (stack, again)]
    )
    assert first == second
    assert await texts(platform, again) == exported


async def test_a_part_of_a_stack_is_exported_with_links_that_lead_out_of_it(platform, stack):
    edge = (await services(platform, stack))["edge"]
    exported = await texts(platform, stack, serviceIds=[edge.id])
    again = await platform.create("environment", name="again", **exported)
    await settled(platform, again)
    found = await services(platform, again)
    assert found.keys() == {"edge"}
    tie = await platform.read(lambda tx: tx.first(rows.ServiceConsumeMap, serviceId=found["edge"].id))
    assert (tie.consumedServiceId, tie.ports) == ((await services(platform, stack))["web"].id, ["shop.example=8080"])


async def test_services_of_every_kind_follow_changed_text(platform, stack):
    before = await services(platform, stack)
    docker = DOCKER.replace("=8080}", "=9090}").replace("links: [db]", "links: [db, web]")
    docker = docker.replace("rancher/external-service", "rancher/external-service, labels: {a: b}")
    rancher = RANCHER.replace("external_ips: [192.0.2.7]", "hostname: db.example.com").replace("retain_ip: true", "")
    rancher = rancher.replace("maxconn 10", "maxconn 20").replace("  default_cert: main\n", "")
    await platform.change("environment", stack.id, dockerCompose=docker, rancherCompose=rancher)
    await settled(platform, stack)
    after = await services(platform, stack)
    assert {name: row.id for name, row in after.items()} == {name: row.id for name, row in before.items()}
    assert (after["elsewhere"].externalIpAddresses, after["elsewhere"].hostname) == (None, "db.example.com")
    assert after["elsewhere"].launchConfig == {"labels": {"a": "b"}}
    assert after["web"].retainIp is None

    def rest(tx):
        (shown,) = tx.find(rows.ServiceExposeMap, serviceId=after["elsewhere"].id)
        (config,) = tx.find(rows.LoadBalancerConfig, serviceId=after["edge"].id)
        (balancer,) = tx.find(rows.LoadBalancer, serviceId=after["edge"].id)
        (tie,) = tx.find(rows.ServiceConsumeMap, serviceId=after["edge"].id)
        aliases = {row.consumedServiceId for row in tx.find(rows.ServiceConsumeMap, serviceId=after["data"].id)}
        return shown.hostName, config.haproxyConfig, balancer.defaultCertificateId, tie.ports, aliases

    assert await platform.read(rest) == (
        "db.example.com",
        {"global": "maxconn 20"},
        None,
        ["shop.example=9090"],
        {after["db"].id, after["web"].id},
    )


async def test_the_same_text_again_changes_nothing(platform, stack):
    before = await platform.read(lambda tx: {row.id for row in tx.find(rows.Instance)})
    await platform.change("environment", stack.id, dockerCompose=DOCKER, rancherCompose=RANCHER)
    await settled(platform, stack)
    (process,) = await platform.read(lambda tx: tx.find(rows.ProcessInstance, processName="environment.update"))
    assert await platform.read(lambda tx: tx.count(rows.ProcessExecution, processInstanceId=process.id)) == 0
    assert await platform.read(lambda tx: {row.id for row in tx.find(rows.Instance)}) == before


async def test_sidekicks_are_upgraded_with_the_stack(platform, stack):
    docker = DOCKER.replace("sidekicks: log,", "sidekicks: 'log,new',").replace("ok/log,", "ok/log:2,")
    data = {"dockerCompose": docker + "new: {image: ok/new}\n", "rancherCompose": RANCHER}
    await platform.act("environment", stack.id, "upgrade", **data)
    await settled(platform, stack)
    web = (await services(platform, stack))["web"]
    assert (web.state, web.launchConfig["version"]) == ("upgraded", "0")
    assert web.upgrade["inServiceStrategy"]["batchSize"] == 2
    images = await platform.read(
        lambda tx: sorted(row.imageUuid for row in tx.find(rows.Instance, serviceId=web.id, state="running"))
    )
    assert images == ["docker:ok/log:2"] * 2 + ["docker:ok/new"] * 2 + ["docker:ok/web"] * 2
    await platform.act("environment", stack.id, "finishupgrade")
    await settled(platform, stack)
    await platform.act("environment", stack.id, "upgrade", dockerCompose=DOCKER, rancherCompose=RANCHER)
    await settled(platform, stack)
    assert await platform.read(lambda tx: tx.count(rows.Instance, serviceId=web.id, state="running")) == 4


@pytest.mark.parametrize("action", ["change", "upgrade"])
async def test_a_service_cannot_become_one_of_another_kind(platform, stack, action):
    text = DOCKER.replace("db: {image: ok/db}", "db: {image: rancher/external-service}")
    with pytest.raises(Refused, match="db is of type service and cannot become externalService") as refused:
        if action == "change":
            await platform.change("environment", stack.id, dockerCompose=text)
        else:
            await platform.act("environment", stack.id, "upgrade", dockerCompose=text)
    assert (refused.value.status, refused.value.field) == (422, "dockerCompose")


async def test_a_certificate_that_is_not_there_fails_the_stack(platform, certificate):
    text = "edge: {image: rancher/load-balancer-service, ports: ['80']}"
    row = await platform.create("environment", name="shop", dockerCompose=text, rancherCompose="edge: {certs: [other]}")
    failed = await platform.until(
        lambda tx: row_ if (row_ := tx.require(rows.Environment, row.id)).transitioning == "error" else None
    )
    assert failed.transitioningMessage == "service edge: there is no certificate 'other'"
    assert await platform.read(lambda tx: tx.count(rows.Service)) == 0
