# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, sections 12 to 14: stacks, services, links, health and upgrades as the client sees them."""

from __future__ import annotations

import itertools

import pytest
from cattle import ApiError

SIM = {"imageUuid": "sim:1"}
_numbers = itertools.count(1)

pytestmark = pytest.mark.usefixtures("simulated_host")


@pytest.fixture
def stack(project):
    made = project.wait_success(project.create_environment(name=f"stack-{next(_numbers)}"))
    yield made
    project.wait_success(project.delete(made))


def service(project, stack, name="web", **fields):
    made = project.create_service(name=name, environmentId=stack.id, **{"launchConfig": SIM, **fields})
    assert made.state == "registering"
    return project.wait_success(made)


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


def test_a_stack_and_its_actions(project, stack):
    assert (stack.state, stack.type) == ("active", "environment")
    assert {"activateservices", "deactivateservices", "exportconfig", "addoutputs", "upgrade"} <= stack.actions.keys()
    assert refused(project.create_environment, name=stack.name.upper()) == (422, "NotUnique", "name")
    assert stack.addoutputs(outputs={"a": "b"}).outputs.a == "b"
    web = service(project, stack)
    assert project.wait_success(stack.activateservices()).state == "active"
    assert project.wait_success(project.reload(web)).state == "active"
    found = stack.exportconfig(serviceIds=[web.id])
    assert "web:" in found.dockerComposeConfig and "scale: 1" in found.rancherComposeConfig


KEYS_OF_THE_DAY = """
web:
  image: a:1
  cpuset: 0,1
  devices: [/dev/null:/dev/zero:rwm]
  dns: [192.0.2.53]
  dns_search: [example.org]
  domainname: example.org
  extra_hosts: [db:192.0.2.7]
  log_driver: syslog
  log_opt: {tag: web}
  lxc_conf: {lxc.cgroup.cpuset.cpus: "0"}
  mem_limit: 64m
  memswap_limit: 128m
  pid: host
  read_only: true
  security_opt: [label:disable]
  volume_driver: convoy
"""


def test_an_export_makes_the_same_services_again(project):
    launches, texts, made = [], [], []
    text = KEYS_OF_THE_DAY
    for name in ("first-of-keys", "second-of-keys"):
        stack = project.create_environment(name=name, dockerCompose=text, startOnCreate=False)
        stack = project.wait_success(stack)
        (web,) = stack.services()
        launches.append({name: str(value) for name, value in vars(web.launchConfig).items()})
        text = stack.exportconfig().dockerComposeConfig
        texts.append(text)
        made.append(stack)
    assert launches[0] == launches[1]
    assert texts[0] == texts[1]
    assert not texts[0].startswith("#")
    assert launches[0]["cpuSet"] == "0,1"
    assert "syslog" in launches[0]["logConfig"]
    for stack in made:
        project.delete(stack)


def test_a_service_runs_its_containers(project, stack):
    web = service(project, stack, scale=2)
    assert (web.state, web.scale, web.launchConfig.imageUuid) == ("inactive", 2, "sim:1")
    assert not hasattr(web.launchConfig, "labels")
    web = project.wait_success(web.activate())
    assert (web.state, web.currentScale) == ("active", 2)
    assert sorted(row.name for row in web.instances()) == [f"{stack.name}_web_1", f"{stack.name}_web_2"]
    maps = web.serviceExposeMaps()
    assert {(row.state, row.managed) for row in maps} == {("active", True)}
    web = project.wait_success(project.update(web, scale=1))
    assert [row.name for row in web.instances() if row.state == "running"] == [f"{stack.name}_web_1"]
    web = project.wait_success(web.deactivate())
    assert web.state == "inactive"
    assert [row.state for row in web.instances() if row.removed is None] == ["stopped"]
    web = project.wait_success(project.delete(web))
    assert web.state == "removed"


def test_sidekicks(project, stack):
    sidekick = {"name": "logs", "imageUuid": "sim:2", "dataVolumesFromLaunchConfigs": ["web"]}
    web = service(project, stack, secondaryLaunchConfigs=[sidekick], startOnCreate=True)
    web = project.wait_success(project.reload(web))
    rows = {row.name: row for row in web.instances()}
    assert sorted(rows) == [f"{stack.name}_web_1", f"{stack.name}_web_logs_1"]
    assert len({row.deploymentUnitUuid for row in rows.values()}) == 1
    labels = rows[f"{stack.name}_web_logs_1"].labels
    assert vars(labels)["io.rancher.stack_service.name"] == f"{stack.name}/web/logs"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "a--b"}, (422, "InvalidCharacters", "name")),
        ({"name": "a" * 64}, (422, "MaxLengthExceeded", "name")),
        ({"launchConfig": {"imageUuid": "x:1"}}, (422, "InvalidImageInstanceKind", "imageUuid")),
        ({"scalePolicy": {"min": 2, "max": 1}}, (422, "MaxLimitExceeded", "max")),
        ({"selectorContainer": "a in"}, (422, "InvalidFormat", "selectorContainer")),
        (
            {"secondaryLaunchConfigs": [{"name": "a", "imageUuid": "sim:1", "networkLaunchConfig": "a"}]},
            (422, "InvalidReference", "launchConfig"),
        ),
    ],
)
def test_what_a_service_cannot_be(project, stack, fields, expected):
    given = {"name": "web", "environmentId": stack.id, "launchConfig": SIM, **fields}
    assert refused(project.create_service, **given) == expected


def test_links(project, stack):
    web, db = service(project, stack), service(project, stack, "db")
    web.addservicelink(serviceLink={"serviceId": db.id, "name": "sql"})
    (consumed,) = web.consumedservices()
    assert (consumed.consumedServiceId, consumed.name) == (db.id, "sql")
    twice = [{"serviceId": db.id}, {"serviceId": db.id}]
    assert refused(web.setservicelinks, serviceLinks=twice) == (422, "NotUnique", "serviceId")
    assert refused(web.addservicelink, serviceLink={"serviceId": web.id})[:2] == (422, "InvalidReference")
    web.removeservicelink(serviceLink={"serviceId": db.id, "name": "sql"})
    assert [row for row in web.consumedservices() if row.removed is None] == []


def test_aliases_and_services_elsewhere(project, stack):
    alias = project.wait_success(project.create_dns_service(name="alias", environmentId=stack.id))
    assert (alias.type, alias.baseType) == ("dnsService", "service")
    assert project.wait_success(alias.activate()).state == "active"
    made = project.create_external_service(
        name="far", environmentId=stack.id, externalIpAddresses=["192.0.2.1"], startOnCreate=True
    )
    made = project.wait_success(project.wait_success(made))
    assert [row.ipAddress for row in made.serviceExposeMaps()] == ["192.0.2.1"]
    both = {"name": "x", "environmentId": stack.id, "externalIpAddresses": ["192.0.2.1"], "hostname": "a.example"}
    assert refused(project.create_external_service, **both)[:2] == (422, "InvalidOption")
    assert refused(project.create_service, name="ALIAS", environmentId=stack.id, launchConfig=SIM) == (
        422, "NotUnique", "name",
    )  # fmt: skip


def test_an_upgrade_is_decided_upon(project, stack):
    web = project.wait_success(service(project, stack).activate())
    (before,) = web.instances()
    strategy = {"launchConfig": {"imageUuid": "sim:2"}, "batchSize": 1, "intervalMillis": 100}
    web = web.upgrade_action(inServiceStrategy=strategy)
    assert web.state == "upgrading"
    web = project.wait_success(web)
    assert (web.state, web.launchConfig.imageUuid, web.launchConfig.version) == ("upgraded", "sim:2", "1")
    assert web.upgrade.inServiceStrategy.previousLaunchConfig.imageUuid == "sim:1"
    assert {"finishupgrade", "rollback"} <= web.actions.keys()
    assert project.reload(before).state == "stopped"
    web = project.wait_success(web.rollback())
    assert (web.state, web.launchConfig.imageUuid, project.reload(before).state) == ("active", "sim:1", "running")
    web = project.wait_success(web.upgrade_action(inServiceStrategy=strategy))
    assert project.wait_success(web.finishupgrade()).state == "active"
    assert project.reload(before).removed is not None


def test_a_restart(project, stack):
    web = project.wait_success(service(project, stack).activate())
    strategy = {"batchSize": 1, "intervalMillis": 100}
    web = project.wait_success(web.restart(rollingRestartStrategy=strategy))
    assert [row.startCount for row in web.instances()] == [2]


def test_health_is_reported_by_the_agent_of_a_checking_host(project, superadmin, server, stack, simulated_host):
    check = {"port": 80, "strategy": "none"}
    web = project.wait_success(service(project, stack, launchConfig={**SIM, "healthCheck": check}).activate())
    (container,) = web.instances()
    assert container.healthState == "initializing"
    (entry,) = container.healthcheckInstanceHostMaps()
    assert entry.hostId == simulated_host.id
    agent = superadmin.by_id_host(simulated_host.id).agent()
    key = superadmin.create_api_key(accountId=agent.accountId)
    superadmin.wait_success(key)
    client = server.client(key.publicValue, key.secretValue)
    client.create_service_event(externalTimestamp=1, reportedHealth="UP", healthcheckUuid=entry.uuid)
    assert project.reload(container).healthState == "healthy"
    client.create_service_event(externalTimestamp=2, reportedHealth="DOWN", healthcheckUuid=entry.uuid)
    assert project.reload(container).healthState == "unhealthy"
    unknown = {"externalTimestamp": 1, "reportedHealth": "UP", "healthcheckUuid": "none"}
    assert refused(client.create_service_event, **unknown) == (422, "CantVerifyHealthcheck", "healthcheckUuid")
    assert refused(client.create_service_event, healthcheckUuid=entry.uuid)[1] == "MissingRequired"
