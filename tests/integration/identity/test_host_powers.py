# SPDX-License-Identifier: Apache-2.0
"""Who may give containers power over hosts: owners always, members while their project lets them, others never."""

from __future__ import annotations

import json

import pytest

from .conftest import Person, made, until

POWERS = {
    "privileged": True,
    "pidMode": "host",
    "networkMode": "host",
    "devices": ["/dev/null:/dev/null:rwm"],
    "capAdd": ["SYS_ADMIN"],
    "dataVolumes": ["/etc:/host"],
    "securityOpt": ["seccomp=unconfined"],
    "lxcConf": {"lxc.aa_profile": "unconfined"},
    "logConfig": {"driver": "syslog", "config": {"syslog-address": "unix:///dev/log"}},
}
PLAIN = {"imageUuid": "sim:web"}
TEXTS = {
    "privileged": "web: {image: web, privileged: true}",
    "cap_add": "web: {image: web, cap_add: [SYS_ADMIN]}",
    "volumes": "web: {image: web, volumes: ['/etc:/host']}",
    "net": "web: {image: web, net: host}",
    "pid": "web: {image: web, pid: host}",
    "devices": "web: {image: web, devices: [/dev/null]}",
    "security_opt": "web: {image: web, security_opt: ['seccomp:unconfined']}",
    "lxc_conf": "web: {image: web, lxc_conf: {lxc.aa_profile: unconfined}}",
    "log_driver": "web: {image: web, log_driver: syslog, log_opt: {syslog-address: 'unix:///dev/log'}}",
}
ROLES = ("owner", "member", "restricted")


@pytest.fixture(scope="module")
def team(server, admin):
    people = {role: Person(server, admin) for role in ROLES}
    members = [{"externalId": each.id, "role": role} for role, each in people.items()]
    project = made(admin.post("/v1/projects", json={"name": "powers", "members": members}))["id"]
    until(admin, f"/v1/projects/{project}", lambda shown: shown["state"] == "active")
    clients = {role: each.key() for role, each in people.items()}
    return f"/v2/projects/{project}", clients


@pytest.fixture
def power(team):
    """Members without power over hosts; afterwards with it again."""
    path, clients = team

    def switch(on):
        answer = clients["owner"].put(path, json={"hostPowers": on})
        assert (answer.status_code, answer.json()["hostPowers"]) == (200, on)

    yield switch
    switch(True)


def refused(answer, key):
    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "Forbidden"), answer.text
    assert key in body["message"]
    return body


@pytest.mark.parametrize("field", POWERS)
def test_a_container_with_power_is_not_for_everybody(team, power, field):
    path, clients = team
    body = {**PLAIN, "startOnCreate": False, field: POWERS[field]}
    assert refused(clients["restricted"].post(f"{path}/containers", json=body), field)["fieldName"] == field
    made(clients["member"].post(f"{path}/containers", json=body))
    power(False)
    assert "hostPowers" in refused(clients["member"].post(f"{path}/containers", json=body), field)["message"]
    made(clients["owner"].post(f"{path}/containers", json=body))
    made(clients["restricted"].post(f"{path}/containers", json={**PLAIN, "startOnCreate": False}))


@pytest.mark.parametrize("field", POWERS)
@pytest.mark.parametrize("part", ["launchConfig", "secondaryLaunchConfigs"])
def test_nor_is_a_service_or_its_upgrade(team, server, field, part):
    path, clients = team
    stack = made(clients["restricted"].post(f"{path}/environments", json={"name": f"stack{server.number()}"}))["id"]
    bad = {**PLAIN, field: POWERS[field]}
    configs = {"launchConfig": PLAIN} | ({part: bad} if part == "launchConfig" else {part: [{**bad, "name": "side"}]})
    body = {"name": "web", "environmentId": stack}
    for kind in ("services", *(("loadbalancerservices",) if part == "launchConfig" else ())):
        refused(clients["restricted"].post(f"{path}/{kind}", json={**body, **configs}), field)
    service = made(clients["restricted"].post(f"{path}/services", json={**body, "launchConfig": PLAIN}))
    url = f"{path}/services/{service['id']}"
    until(clients["restricted"], url, lambda shown: shown["state"] == "inactive")
    upgrade = {"inServiceStrategy": {part: configs[part]}}
    refused(clients["restricted"].post(f"{url}?action=upgrade", json=upgrade), field)
    assert clients["restricted"].get(url).json()["state"] == "inactive"


@pytest.mark.parametrize(
    ("stays", "joins"),
    [
        ({"dataVolumes": ["/etc:/host"]}, {"dataVolumesFromLaunchConfigs": ["side"]}),
        ({"networkMode": "host"}, {"networkMode": "container", "networkLaunchConfig": "side"}),
        ({"dataVolumes": ["/etc:/host"]}, {"dataVolumesFromLaunchConfigs": ["between"]}),
    ],
)
def test_an_upgrade_takes_no_power_of_what_stays(team, server, stays, joins):
    path, clients = team
    stack = made(clients["owner"].post(f"{path}/environments", json={"name": f"stack{server.number()}"}))["id"]
    between = {**PLAIN, "name": "between", "dataVolumesFromLaunchConfigs": ["side"]}
    sidekicks = [{**PLAIN, "name": "side", **stays}, between]
    body = {"name": "web", "environmentId": stack, "launchConfig": PLAIN, "secondaryLaunchConfigs": sidekicks}
    service = made(clients["owner"].post(f"{path}/services", json=body))
    url = f"{path}/services/{service['id']}?action=upgrade"
    until(clients["owner"], f"{path}/services/{service['id']}", lambda shown: shown["state"] == "inactive")
    (field,) = stays
    refused(clients["restricted"].post(url, json={"inServiceStrategy": {"launchConfig": {**PLAIN, **joins}}}), field)
    plain = {"inServiceStrategy": {"launchConfig": PLAIN}}
    assert clients["restricted"].post(url, json=plain).status_code == 202


def test_each_container_whose_volumes_are_taken_is_looked_at_once(team):
    path, clients = team
    taken = []
    for _ in range(30):
        body = {**PLAIN, "startOnCreate": False, "dataVolumesFrom": taken[-2:]}
        taken.append(made(clients["restricted"].post(f"{path}/containers", json=body))["id"])


def test_nor_are_there_many_whose_volumes_are_taken(team):
    path, clients = team
    last = None
    for _ in range(101):
        body = {**PLAIN, "startOnCreate": False, "dataVolumesFrom": [last] if last else []}
        last = made(clients["member"].post(f"{path}/containers", json=body))["id"]
    answer = clients["restricted"].post(f"{path}/containers", json={**body, "dataVolumesFrom": [last]})
    assert (answer.status_code, answer.json()["fieldName"]) == (422, "dataVolumesFrom"), answer.text


def test_nobody_goes_back_to_what_they_could_not_ask_for(team, server):
    path, clients = team
    text = {"dockerCompose": TEXTS["privileged"]}
    stack = made(clients["owner"].post(f"{path}/environments", json={"name": f"back{server.number()}", **text}))["id"]
    url = f"{path}/environments/{stack}"
    until(clients["owner"], url, lambda shown: shown["state"] == "active" and shown["transitioning"] == "no")
    (service,) = clients["owner"].get(f"{path}/services?environmentId={stack}").json()["data"]
    until(clients["owner"], f"{path}/services/{service['id']}", lambda shown: shown["state"] == "inactive")
    assert (
        clients["restricted"].post(f"{url}?action=upgrade", json={"dockerCompose": "web: {image: web}"}).status_code
        == 202
    )
    until(clients["owner"], url, lambda shown: shown["state"] == "upgraded")
    for row in (f"{path}/services/{service['id']}", url):
        refused(clients["restricted"].post(f"{row}?action=rollback", json={}), "privileged")
    assert clients["owner"].post(f"{url}?action=rollback", json={}).status_code == 202
    until(clients["owner"], url, lambda shown: shown["state"] == "active")


@pytest.mark.parametrize("key", TEXTS)
def test_nor_is_a_text(team, power, server, key):
    path, clients = team
    name = f"text{server.number()}"
    create = {"name": name, "dockerCompose": TEXTS[key]}
    files = {"name": name, "files": {"docker-compose.yml": TEXTS[key]}}
    stack = made(clients["restricted"].post(f"{path}/environments", json={"name": f"{name}x"}))["id"]
    power(False)
    for role in ("restricted", "member"):
        client = clients[role]
        until(client, f"{path}/environments/{stack}", lambda shown: shown["state"] == "active")
        for answer in (
            client.post(f"{path}/environments", json=create),
            client.put(f"{path}/environments/{stack}", json={"dockerCompose": TEXTS[key]}),
            client.post(f"{path}/environments/{stack}?action=upgrade", json={"dockerCompose": TEXTS[key]}),
            client.post(f"{path}/environments?action=plan", json=files),
            client.post(f"{path}/environments?action=apply", json=files),
        ):
            assert "'web'" in refused(answer, key)["message"]
    assert clients["owner"].post(f"{path}/environments?action=plan", json=files).status_code == 200
    made(clients["owner"].post(f"{path}/environments", json=create))


def test_a_volume_does_not_reach_into_the_host(team, server):
    path, clients = team
    bind = {"driver": "local", "driverOpts": {"type": "none", "o": "bind", "device": "/etc"}}
    name = f"volume{server.number()}"
    assert refused(clients["restricted"].post(f"{path}/volumes", json={"name": name, **bind}), "device")
    for client in clients.values():
        answer = client.post(f"{path}/volumes", json={"name": "/etc", "driver": "local"})
        assert (answer.status_code, answer.json()["fieldName"]) == (422, "name"), answer.text
    volume = made(clients["owner"].post(f"{path}/volumes", json={"name": name, **bind}))
    for field, value in (("dataVolumes", [f"{name}:/data"]), ("dataVolumeMounts", {"/data": volume["id"]})):
        body = {**PLAIN, "startOnCreate": False, field: value}
        refused(clients["restricted"].post(f"{path}/containers", json=body), field)
        holder = made(clients["owner"].post(f"{path}/containers", json=body))
        shares = {**PLAIN, "startOnCreate": False, "dataVolumesFrom": [holder["id"]]}
        refused(clients["restricted"].post(f"{path}/containers", json=shares), "dataVolumesFrom")
        made(clients["member"].post(f"{path}/containers", json=shares))


def test_a_key_has_the_power_of_who_made_it(team, power, server):
    path, clients = team
    body = {**PLAIN, "startOnCreate": False, "privileged": True}
    power(False)
    for role, status in (("owner", 201), ("member", 403), ("restricted", 403)):
        key = made(clients[role].post(f"{path}/apikeys", json={}))
        until(clients["owner"], f"{path}/apikeys/{key['id']}", lambda shown: shown["state"] == "active")
        own = server.client(auth=(key["publicValue"], key["secretValue"]))
        assert own.post("/v2/containers", json=body).status_code == status, role


def test_only_owners_say_what_members_may(team):
    path, clients = team
    for field, value in (("hostPowers", True), ("dnsScope", "project")):
        for role in ("member", "restricted"):
            assert clients[role].put(path, json={field: value}).status_code in (403, 404, 405)
        assert field not in json.dumps(clients["owner"].get(path.replace("/v2/", "/v1/")).json())


def test_keys_of_who_may_do_more_stay(team, server):
    path, clients = team
    keys = {role: made(clients[role].post(f"{path}/apikeys", json={})) for role in ROLES}
    for key in keys.values():
        until(clients["owner"], f"{path}/apikeys/{key['id']}", lambda shown: shown["state"] == "active")
    by_key = {
        role: server.client(auth=(key["publicValue"], key["secretValue"]), params={}) for role, key in keys.items()
    }
    for made_by, who in (("owner", "member"), ("owner", "restricted"), ("member", "restricted")):
        for client in (clients[who], by_key[who]):
            for url in (f"{path}/apikeys/{keys[made_by]['id']}", f"{path}/credentials/{keys[made_by]['id']}"):
                for action in ("deactivate", "remove", "purge"):
                    answer = client.post(f"{url}?action={action}", json={})
                    assert answer.status_code == 422, (made_by, who, answer.text)
                    assert "deactivate" not in client.get(url).json()["actions"]
                assert client.delete(url).status_code == 405
    assert all(client.get("/v2/hosts").status_code == 200 for client in by_key.values())
    for who, whose in (("restricted", "restricted"), ("member", "member"), ("owner", "owner")):
        url = f"{path}/apikeys/{keys[whose]['id']}"
        assert clients[who].post(f"{url}?action=deactivate", json={}).status_code == 202
        until(clients[who], url, lambda shown: shown["state"] == "inactive")
