# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 16: machines that the platform has made."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cattle import ApiError

OCEAN = {"accessToken": "token-of-a-user", "sshUser": "root", "region": "ams3"}
KNOBS = "io.cattle.platform.agent.connection.simulator.AgentConnectionSimulator"


def refused(call, **fields):
    with pytest.raises(ApiError) as caught:
        call(**fields)
    error = caught.value.error
    return error.status, error.code, getattr(error, "fieldName", None)


def test_takes_one_driver(project):
    made = project.create_machine(name="ocean", digitaloceanConfig=OCEAN, packetConfig=None, labels={"zone": "a"})
    assert made.state == "creating"
    made = project.wait_success(made)
    assert (made.state, made.type, made.baseType, made.driver) == ("active", "machine", "physicalHost", "digitalocean")
    assert made.id.startswith("1ph")
    assert made.externalId
    assert made.labels.zone == "a"
    assert (made.digitaloceanConfig.region, made.packetConfig) == ("ams3", None)
    assert project.wait_success(project.delete(made)).state == "removed"


def test_never_shows_what_it_signs_in_with(project, superadmin):
    made = project.wait_success(project.create_machine(name="secret", digitaloceanConfig=OCEAN, authKey="key-of-tls"))
    for client in (project, superadmin):
        shown = client.by_id_machine(made.id)
        assert getattr(shown.digitaloceanConfig, "accessToken", None) is None
        assert shown.authKey is None
        assert "token-of-a-user" not in str(vars(shown)) + str(vars(shown.digitaloceanConfig))


def test_what_a_machine_needs(project):
    create = project.create_machine
    assert refused(create, name="m") == (422, "DriverConfigExactlyOneRequired", None)
    packet = {"apiKey": "k", "projectId": "p"}
    both = refused(create, name="m", digitaloceanConfig=OCEAN, packetConfig=packet)
    assert both == (422, "DriverConfigExactlyOneRequired", None)
    # Which driver is meant comes first: what each of two lacks is nobody's question yet.
    assert refused(create, name="m", digitaloceanConfig={}, packetConfig={})[1] == "DriverConfigExactlyOneRequired"
    assert refused(create, name="m", digitaloceanConfig="far")[:2] == (422, "InvalidFormat")
    assert refused(create, digitaloceanConfig=OCEAN) == (422, "MissingRequired", "name")
    assert refused(create, name="", digitaloceanConfig=OCEAN)[0] == 422
    assert refused(create, name="m", digitaloceanConfig={"sshUser": "root"}) == (422, "MissingRequired", "accessToken")


def test_a_driver_knows_what_is_not_given(project):
    cases = {
        "digitaloceanConfig": ({"accessToken": "t", "sshUser": None}, {"sshUser": "root"}),
        "amazonec2Config": (
            {"accessKey": "k", "secretKey": "s", "spotPrice": "0.1", "monitoring": None},
            {"sshUser": "ubuntu", "spotPrice": "0.1", "monitoring": False, "requestSpotInstance": False},
        ),
        "virtualboxConfig": (
            {},
            {"cpuCount": "1", "hostonlyCidr": "192.168.99.1/24", "importBoot2dockerVm": "", "noShare": False},
        ),
    }
    for config, (given, shown) in cases.items():
        made = project.create_machine(name="m", **{config: given})
        assert vars(getattr(made, config)).items() >= shown.items()
        project.delete(project.wait_success(made))


def test_its_makers_bundle_can_be_downloaded(server, project, account_client):
    maker, looker = account_client("service"), account_client("readAdmin")
    made = project.wait_success(project.create_machine(name="packed", digitaloceanConfig=OCEAN))
    assert "config" not in vars(made.links)
    seen = maker.by_id_machine(made.id)
    assert refused(maker.update, obj=seen, extractedConfig="no base64") == (422, "InvalidFormat", "extractedConfig")
    assert maker.update(seen, extractedConfig=b64encode(b"keys").decode()).extractedConfig == "a2V5cw=="
    made = project.reload(made)
    assert project._session.get(made.links.config, auth=project._auth).content == b"keys"
    assert getattr(made, "extractedConfig", None) is None
    assert looker.by_id_machine(made.id).name == "packed"
    assert looker._session.get(made.links.config, auth=looker._auth).status_code == 404
    assert all(b"a2V5cw==" not in file.read_bytes() for file in server.directory.glob("orca.db*"))


def test_an_agent_that_says_its_id_is_on_it(project, superadmin):
    made = project.wait_success(project.create_machine(name="tied", packetConfig={"apiKey": "k", "projectId": "p"}))
    (default,) = superadmin.list_project(name="Default", all=True).data
    knobs = {"externalId": made.externalId, "agentResourcesAccountId": int(default.id[2:])}
    agent = superadmin.wait_success(superadmin.create_agent(uri="sim://machine", data={KNOBS: knobs}))
    (host,) = agent.hosts()
    assert host.physicalHostId == made.id
    assert [row.id for row in made.hosts()] == [host.id]
    project.wait_success(project.delete(project.reload(made)))
    assert project.wait_success(project.by_id_host(host.id)).state == "removed"


def test_a_machine_goes_with_its_host(project, superadmin):
    made = project.wait_success(project.create_machine(name="last", packetConfig={"apiKey": "k", "projectId": "p"}))
    (default,) = superadmin.list_project(name="Default", all=True).data
    knobs = {"externalId": made.externalId, "agentResourcesAccountId": int(default.id[2:])}
    agent = superadmin.wait_success(superadmin.create_agent(uri="sim://machine-host", data={KNOBS: knobs}))
    (host,) = agent.hosts()
    host = project.wait_success(project.by_id_host(host.id))
    host = project.wait_success(host.deactivate())
    project.wait_success(project.delete(host))
    assert project.wait_success(project.reload(made)).state == "removed"
