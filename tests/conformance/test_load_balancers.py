# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 15: balancers that stand by themselves."""

from __future__ import annotations

import pytest
from cattle import ApiError


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


def listener(project, port=80, **fields):
    return project.wait_success(project.create_load_balancer_listener(sourcePort=port, sourceProtocol="http", **fields))


def config(project, **fields):
    return project.wait_success(project.create_load_balancer_config(**fields))


def balancer(project, **fields):
    return project.wait_success(project.create_load_balancer(loadBalancerConfigId=config(project).id, **fields))


def live(collection):
    return [row for row in collection if row.state in ("requested", "activating", "active", "updating-active")]


def test_a_listener_leads_to_what_it_is_itself(project):
    made = listener(project, 8081)
    assert (made.state, made.targetPort, made.targetProtocol, made.algorithm) == ("active", 8081, "http", "roundrobin")
    made = listener(project, 443, targetPort=80, targetProtocol="tcp", algorithm="source")
    assert (made.targetPort, made.targetProtocol, made.algorithm) == (80, "tcp", "source")


def test_what_a_listener_needs(project):
    create = project.create_load_balancer_listener
    assert refused(create, sourceProtocol="http") == (422, "MissingRequired", "sourcePort")
    assert refused(create, sourcePort=80) == (422, "MissingRequired", "sourceProtocol")
    assert refused(create, sourcePort=80, sourceProtocol="udp") == (422, "InvalidOption", "sourceProtocol")
    assert refused(create, sourcePort=0, sourceProtocol="http") == (422, "MinLimitExceeded", "sourcePort")
    assert refused(create, sourcePort=65536, sourceProtocol="http") == (422, "MaxLimitExceeded", "sourcePort")
    assert project.create_load_balancer_listener(privatePort=80, sourceProtocol="http").targetPort == 80


def test_cookies_stick(project):
    made = config(project, appCookieStickinessPolicy={"cookie": "shop", "maxLength": 10, "timeout": 60})
    assert made.appCookieStickinessPolicy.cookie == "shop"
    create = project.create_load_balancer_config
    missing = refused(create, appCookieStickinessPolicy={"cookie": "shop", "timeout": 60})
    assert missing == (422, "MissingRequired", "maxLength")
    assert refused(create, lbCookieStickinessPolicy={"mode": "glue"})[:2] == (422, "InvalidOption")
    two_words = {"lbCookieStickinessPolicy": {"cookie": "two words"}}
    assert refused(create, **two_words) == (422, "InvalidOption", "loadBalancerConfig")
    made = config(project)
    assert refused(lambda: project.update(made, **two_words)) == (422, "InvalidOption", "loadBalancerConfig")
    changed = project.update(made, lbCookieStickinessPolicy={"cookie": "shop"})
    assert changed.lbCookieStickinessPolicy.cookie == "shop"


def test_listeners_of_a_configuration(project):
    made, first, second = config(project), listener(project, 80), listener(project, 81)
    made.addlistener(loadBalancerListenerId=first.id)
    assert [row.id for row in made.loadBalancerListeners()] == [first.id]
    assert [row.id for row in first.loadBalancerConfigs()] == [made.id]
    assert refused(made.addlistener, loadBalancerListenerId=first.id) == (422, "NotUnique", "loadBalancerListenerId")
    same = listener(project, 80)
    assert refused(made.addlistener, loadBalancerListenerId=same.id) == (422, "NotUnique", "sourcePort")
    assert refused(made.addlistener) == (422, "MissingRequired", "loadBalancerListenerId")
    other = refused(made.removelistener, loadBalancerListenerId=second.id)
    assert other == (422, "InvalidOption", "loadBalancerListenerId")
    made.setlisteners(loadBalancerListenerIds=[second.id])
    (tie,) = live(made.loadBalancerConfigListenerMaps())
    assert tie.loadBalancerListenerId == second.id
    both = refused(made.setlisteners, loadBalancerListenerIds=[first.id, same.id])
    assert both == (422, "NotUnique", "sourcePort")
    made.removelistener(loadBalancerListenerId=second.id)
    assert live(made.loadBalancerConfigListenerMaps()) == []


def test_a_configuration_in_use_stays(project):
    made = balancer(project)
    used = project.by_id_load_balancer_config(made.loadBalancerConfigId)
    assert refused(lambda: project.delete(used))[:2] == (409, "LoadBalancerConfigIsInUse")
    project.wait_success(project.delete(made))
    assert project.wait_success(project.delete(used)).state == "removed"


def test_targets(project):
    made = balancer(project)
    assert made.state == "active"
    target = {"ipAddress": "192.0.2.7", "ports": ["example.com:80/shop=8080"]}
    made.addtarget(loadBalancerTarget=target)
    (row,) = live(made.loadBalancerTargets())
    assert (row.ipAddress, row.ports, row.instanceId) == ("192.0.2.7", ["example.com:80/shop=8080"], None)
    assert refused(made.addtarget, loadBalancerTarget=target) == (422, "NotUnique", "ipAddress")
    assert refused(made.addtarget, loadBalancerTarget={"ports": ["80"]}) == (422, "MissingRequired", "instanceId")
    bad = {"ipAddress": "192.0.2.8", "ports": ["a=b=80"]}
    assert refused(made.addtarget, loadBalancerTarget=bad) == (422, "InvalidPort", "ports")
    assert refused(made.addtarget, loadBalancerTarget={"ipAddress": "nowhere"}) == (422, "InvalidFormat", "ipAddress")
    away = {"ipAddress": "192.0.2.9"}
    assert refused(made.removetarget, loadBalancerTarget=away) == (422, "InvalidOption", "ipAddress")
    made.settargets(loadBalancerTargets=[away, {**target, "ports": ["81"]}])
    assert {row.ipAddress: row.ports for row in live(made.loadBalancerTargets())} == {
        "192.0.2.9": [],
        "192.0.2.7": ["81"],
    }
    made.removetarget(loadBalancerTarget=away)
    assert [row.ipAddress for row in live(made.loadBalancerTargets())] == ["192.0.2.7"]


def test_a_container_and_a_host_of_a_balancer(project, simulated_host):
    made = balancer(project)
    container = project.wait_success(project.create_container(imageUuid="sim:web", requestedHostId=simulated_host.id))
    target = {"instanceId": container.id, "ports": []}
    both = {**target, "ipAddress": "192.0.2.1"}
    assert refused(made.addtarget, loadBalancerTarget=both) == (422, "InvalidOption", "ipAddress")
    made.addtarget(loadBalancerTarget=target)
    assert refused(made.addtarget, loadBalancerTarget=target) == (422, "NotUnique", "instanceId")
    made.addhost(hostId=simulated_host.id)
    assert refused(made.addhost, hostId=simulated_host.id) == (422, "NotUnique", "hostId")
    assert refused(made.addhost, hostId="1h99999") == (422, "InvalidReference", "hostId")
    assert [host.id for host in made.hosts()] == [simulated_host.id]
    made.sethosts(hostIds=[])
    assert live(made.loadBalancerHostMaps()) == []
    assert refused(made.removehost, hostId=simulated_host.id) == (422, "InvalidOption", "hostId")
    project.wait_success(project.delete(made))
    for row in project.list_load_balancer_target(loadBalancerId=made.id):
        assert project.wait_success(row).state == "removed"


def test_groups(project):
    group, made = project.wait_success(project.create_global_load_balancer()), balancer(project)
    assert refused(group.addloadbalancer, loadBalancerId=made.id) == (422, "MissingRequired", "weight")
    group.addloadbalancer(loadBalancerId=made.id, weight=3)
    made = project.reload(made)
    assert (made.globalLoadBalancerId, made.weight) == (group.id, 3)
    group = project.wait_success(project.reload(group))
    assert refused(group.addloadbalancer, loadBalancerId=made.id, weight=1) == (422, "NotUnique", "loadBalancerId")
    group.removeloadbalancer(loadBalancerId=made.id)
    assert project.reload(made).globalLoadBalancerId is None
    group = project.wait_success(project.reload(group))
    assert refused(group.removeloadbalancer, loadBalancerId=made.id) == (422, "InvalidOption", "loadBalancerId")


def test_states(project):
    made = balancer(project)
    made = project.wait_success(made.deactivate())
    assert made.state == "inactive"
    made = project.wait_success(made.activate())
    assert made.state == "active"
    made = project.wait_success(project.update(made, name="edge"))
    assert (made.name, made.state) == ("edge", "active")


def test_a_target_goes_with_its_container(project, simulated_host):
    container = project.wait_success(project.create_container(imageUuid="sim:web", requestedHostId=simulated_host.id))
    made = balancer(project)
    made.addtarget(loadBalancerTarget={"instanceId": container.id, "ports": ["80"]})
    made.addtarget(loadBalancerTarget={"ipAddress": "10.1.1.1"})
    project.wait_success(project.delete(container))
    found = project.list_load_balancer_target(loadBalancerId=made.id)
    assert {row.instanceId or row.ipAddress: row.state in ("active", "activating") for row in found} == {
        container.id: False,
        "10.1.1.1": True,
    }
    made = project.wait_success(project.delete(project.wait_success(made)))
    assert {row.state for row in project.list_load_balancer_target(loadBalancerId=made.id)} == {"removed"}
