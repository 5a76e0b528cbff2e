# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 15: services that balance."""

from __future__ import annotations

import pytest
import waiting
from cattle import ApiError


@pytest.fixture
def stack(project):
    made = project.wait_success(project.create_environment(name="balanced"))
    yield made
    project.wait_success(project.delete(project.reload(made)))


def test_has_a_balancer_of_its_own(project, stack):
    made = project.create_load_balancer_service(
        name="edge",
        environmentId=stack.id,
        launchConfig={"ports": ["8080:80", "9090/tcp"], "expose": ["7070:70"]},
        loadBalancerConfig={"lbCookieStickinessPolicy": {"cookie": "shop", "mode": "insert"}},
    )
    made = project.wait_success(made)
    assert (made.state, made.type, made.kind) == ("inactive", "loadBalancerService", "loadBalancerService")
    (balancer,) = project.list_load_balancer(serviceId=made.id)
    (config,) = project.list_load_balancer_config(serviceId=made.id)
    assert (balancer.name, balancer.loadBalancerConfigId) == ("balanced_edge", config.id)
    assert config.lbCookieStickinessPolicy.cookie == "shop"
    listeners = {
        (row.name, row.sourcePort, row.privatePort, row.targetPort, row.sourceProtocol)
        for row in config.loadBalancerListeners()
    }
    assert listeners == {
        ("balanced_edge_8080", 8080, 8080, 80, "http"),
        ("balanced_edge_9090", 9090, 9090, 9090, "tcp"),
        ("balanced_edge_7070", None, 7070, 70, "http"),
    }
    (private,) = project.list_load_balancer_listener(serviceId=made.id, privatePort=7070)
    assert private.targetPort == 70
    target = project.wait_success(
        project.create_service(name="web", environmentId=stack.id, launchConfig={"imageUuid": "sim:web"})
    )
    made.setservicelinks(serviceLinks=[{"serviceId": target.id, "ports": ["example.com:8080/shop=80"]}])
    (link,) = [row for row in made.consumedservices() if row.state == "active"]
    assert (link.consumedServiceId, link.ports) == (target.id, ["example.com:8080/shop=80"])
    with pytest.raises(ApiError) as refused:
        made.addservicelink(serviceLink={"serviceId": target.id, "ports": ["a=b=80"]})
    assert (refused.value.error.status, refused.value.error.code) == (422, "InvalidPort")
    made = project.wait_success(project.delete(project.reload(made)))
    assert made.state == "removed"
    assert project.wait_success(project.reload(balancer)).state == "removed"
    assert project.wait_success(project.reload(config)).state == "removed"


def start(project, stack, name, **fields):
    """A running service."""
    fields.setdefault("launchConfig", {"imageUuid": "sim:web"})
    made = project.wait_success(project.create_service(name=name, environmentId=stack.id, **fields))
    return project.wait_success(made.activate())


def balance(project, stack, name="edge", ports=("18181:80",), **fields):
    launch = {"imageUuid": "sim:lb", "ports": list(ports)}
    made = project.create_load_balancer_service(name=name, environmentId=stack.id, launchConfig=launch, **fields)
    return project.wait_success(made)


def targets(project, balancer):
    """The live targets of a balancer: container or address, and rules."""
    found = project.list_load_balancer_target(loadBalancerId=balancer.id, state="active")
    return {row.instanceId or row.ipAddress: row.ports for row in found}


def test_hosts_and_targets_follow_containers_and_links(project, stack, simulated_host):
    web = start(project, stack, "web")
    (container,) = web.instances()
    edge = balance(project, stack)
    (balancer,) = project.list_load_balancer(serviceId=edge.id)
    assert balancer.state == "active"
    edge.addservicelink(serviceLink={"serviceId": web.id, "ports": ["a.com:90"]})
    assert targets(project, balancer) == {}, "none before the service runs"
    assert not project.list_load_balancer_host_map(loadBalancerId=balancer.id).data

    edge = project.wait_success(edge.activate())
    assert targets(project, balancer) == {container.id: ["a.com:90"]}
    (place,) = project.list_load_balancer_host_map(loadBalancerId=balancer.id)
    assert (place.state, place.hostId) == ("active", simulated_host.id)

    other = project.create_external_service(
        name="elsewhere", environmentId=stack.id, externalIpAddresses=["72.22.16.5", "72.22.16.6"]
    )
    other = project.wait_success(project.wait_success(other).activate())
    edge.addservicelink(serviceLink={"serviceId": other.id})
    waiting.until(lambda: targets(project, balancer).keys() == {container.id, "72.22.16.5", "72.22.16.6"})
    edge.removeservicelink(serviceLink={"serviceId": other.id})
    waiting.until(lambda: targets(project, balancer).keys() == {container.id})
    (gone,) = project.list_load_balancer_target(ipAddress="72.22.16.5")
    assert gone.state == "removed"

    project.wait_success(project.delete(container))
    waiting.until(lambda: container.id not in targets(project, balancer) and len(targets(project, balancer)) == 1)

    edge = project.wait_success(edge.deactivate())
    assert project.reload(balancer).state == "inactive"
    assert project.reload(place).state == "active", "the containers stay where they are"
    edge = project.wait_success(edge.activate())
    assert project.reload(balancer).state == "active"
    edge = project.wait_success(project.update(edge, scale=0, name="edge"))
    waiting.until(lambda: project.reload(place).state == "removed")
    assert [row.id for row in project.list_load_balancer_host_map(loadBalancerId=balancer.id)] == [place.id]


def test_what_belongs_to_a_service_is_changed_there(project, stack, simulated_host):
    edge = balance(project, stack)
    (balancer,) = project.list_load_balancer(serviceId=edge.id)
    (config,) = project.list_load_balancer_config(serviceId=edge.id)
    (listener,) = config.loadBalancerListeners()
    for change in (
        lambda: project.delete(balancer),
        lambda: balancer.remove(),
        lambda: balancer.addhost(hostId=simulated_host.id),
        lambda: balancer.settargets(loadBalancerTargets=[{"ipAddress": "10.1.1.1"}]),
        lambda: project.update(config, lbCookieStickinessPolicy={"cookie": "shop"}),
        lambda: config.removelistener(loadBalancerListenerId=listener.id),
        lambda: project.delete(listener),
    ):
        with pytest.raises(ApiError) as refused:
            change()
        error = refused.value.error
        assert (error.status, error.code, error.fieldName) == (422, "InvalidAction", "serviceId")


def test_a_link_with_other_rules_is_another_link(project, stack):
    web = project.create_service(name="web", environmentId=stack.id, launchConfig={"imageUuid": "sim:web"})
    web = project.wait_success(web)
    edge = balance(project, stack)
    edge.setservicelinks(serviceLinks=[{"serviceId": web.id, "ports": ["a.com:90"]}])
    edge.setservicelinks(serviceLinks=[{"serviceId": web.id, "ports": ["b.com:100"]}])
    found = project.list_service_consume_map(serviceId=edge.id, consumedServiceId=web.id)
    assert [(row.ports, row.state) for row in found] == [(["a.com:90"], "removed"), (["b.com:100"], "active")]
    assert len(project.list_service_consume_map(serviceId=edge.id, state="removed").data) == 1


def test_rules_move_over_to_another_service(project, stack, simulated_host):
    old = start(project, stack, "old")
    new = start(project, stack, "new", scale=0)
    edge = project.wait_success(balance(project, stack).activate())
    (balancer,) = project.list_load_balancer(serviceId=edge.id)
    edge.addservicelink(serviceLink={"serviceId": old.id, "ports": ["shop.com:18181/x=80"]})
    strategy = {"toServiceId": new.id, "finalScale": 1, "batchSize": 1, "intervalMillis": 100, "updateLinks": True}
    project.wait_success(old.upgrade_action(toServiceStrategy=strategy), 120)
    (link,) = project.list_service_consume_map(serviceId=edge.id, consumedServiceId=new.id)
    assert (link.name, link.ports) == ("old", ["shop.com:18181/x=80"])
    (container,) = project.list_service_expose_map(serviceId=new.id, state="active")
    waiting.until(lambda: targets(project, balancer) == {container.instanceId: ["shop.com:18181/x=80"]})


def test_other_ports_are_other_listeners(project, stack, simulated_host):
    edge = project.wait_success(balance(project, stack).activate())
    (config,) = project.list_load_balancer_config(serviceId=edge.id)
    launch = {"imageUuid": "sim:lb", "ports": ["18182:80/tcp"]}
    strategy = {"launchConfig": launch, "batchSize": 1, "intervalMillis": 100}
    with pytest.raises(ApiError) as refused:
        edge.upgrade_action(inServiceStrategy={"launchConfig": {"imageUuid": "sim:lb", "ports": ["80/udp"]}})
    assert refused.value.error.code == "InvalidPort"
    project.wait_success(edge.upgrade_action(inServiceStrategy=strategy), 120)

    def shown():
        found = project.list_load_balancer_listener(serviceId=edge.id, state="active")
        return [(row.name, row.sourcePort, row.sourceProtocol) for row in found]

    waiting.until(lambda: shown() == [("balanced_edge_18182", 18182, "tcp")])
    assert [row.sourcePort for row in config.loadBalancerListeners(state="active")] == [18182]
