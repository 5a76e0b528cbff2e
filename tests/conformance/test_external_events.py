# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 14: what agents tell a project of services that run elsewhere, and of names in somebody's DNS."""

from __future__ import annotations

import pytest
from cattle import ApiError


@pytest.fixture(scope="module")
def agent(server, superadmin, simulated_host):
    """The agent of the simulated host, as its key sees the API."""
    key = superadmin.create_api_key(accountId=superadmin.by_id_host(simulated_host.id).agent().accountId)
    superadmin.wait_success(key)
    return server.client(key.publicValue, key.secretValue)


def told(agent, kind, **fields):
    return agent.create_external_service_event(
        eventType=kind, externalId="svc-1", environment={"externalId": "far", "name": "faraway"}, **fields
    )


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    return caught.value.error.status, caught.value.error.code


def test_a_service_elsewhere_comes_changes_and_goes(agent, project):
    service = {"name": "db", "externalIpAddresses": ["192.0.2.20"]}
    for _ in range(2):
        event = told(agent, "service.create", service=service)
    (made,) = project.list_external_service(externalId="svc-1", removed_null=True).data
    made = project.wait_success(made)
    assert (made.name, made.state, made.externalIpAddresses) == ("db", "active", ["192.0.2.20"])
    stack = made.environment()
    assert (stack.name, stack.externalId) == ("faraway", "far")
    shown = project.wait_success(project.by_id_external_event(event.id))
    assert (shown.type, shown.baseType, shown.state) == ("externalServiceEvent", "externalEvent", "created")
    assert shown.reportedAccountId != shown.accountId == made.accountId

    told(agent, "service.update", service={"externalIpAddresses": ["192.0.2.21"]})
    assert project.wait_success(project.reload(made)).externalIpAddresses == ["192.0.2.21"]
    agent.create_external_dns_event(stackName="faraway", serviceName="db", fqdn="db.example.com")
    assert project.reload(made).fqdn == "db.example.com"

    for _ in range(2):
        told(agent, "service.remove", service={})
    assert project.wait_success(project.reload(made)).state == "removed"
    told(agent, "stack.remove", service={})
    assert project.wait_success(project.reload(stack)).state == "removed"


def test_what_is_refused(agent, project):
    create = agent.create_external_service_event
    event = {"eventType": "service.create", "externalId": "svc-2", "environment": {"externalId": "far"}}
    assert refused(create, **event) == (422, "MissingRequired")
    assert refused(create, **event, service={"kind": "service", "name": "x"}) == (422, "InvalidOption")
    assert refused(create, **event, service={"name": "-x-"}) == (422, "InvalidCharacters")
    assert refused(create, **event, service={"name": "x", "externalIpAddresses": ["far"]}) == (422, "InvalidOption")
    assert refused(create, **{**event, "environment": None}, service={"name": "x"}) == (422, "MissingRequired")
    assert refused(create, **{**event, "externalId": None}, service={"name": "x"}) == (422, "MissingRequired")
    assert refused(create, **{**event, "eventType": "service.paint"}, service={}) == (422, "InvalidOption")
    dns = agent.create_external_dns_event
    assert refused(dns, stackName="none", serviceName="none", fqdn="x") == (422, "InvalidReference")
    assert project.list_environment(externalId="far", removed_null=True).data == []
