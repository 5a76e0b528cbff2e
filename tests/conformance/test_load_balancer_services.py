# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 15: services that balance."""

from __future__ import annotations

import pytest
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
        (row.sourcePort, row.privatePort, row.targetPort, row.sourceProtocol) for row in config.loadBalancerListeners()
    }
    assert listeners == {(8080, None, 80, "http"), (9090, None, 9090, "tcp"), (None, 7070, 70, "http")}
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
