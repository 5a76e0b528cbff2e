# SPDX-License-Identifier: Apache-2.0
"""The whole of it over HTTP and WebSocket, with a real server process that is killed in the middle."""

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import httpx
import pytest
from pretended import PretendedHost, SocketAgent, eventually
from realserver import RealServer


@pytest.fixture
async def server(tmp_path, database):
    async with RealServer.running(tmp_path / "data", "--database", database) as running:
        yield running


@pytest.fixture
async def agents(server):
    token = (await server.token())["token"]
    joined = [await server.join(PretendedHost(f"h{n}", f"192.0.2.{n}"), token) for n in (1, 2)]
    yield joined
    for agent in joined:
        await agent.disconnect()


async def running(server, count: int):
    def condition(answer):
        states = Counter(row["state"] for row in answer["data"])
        return states == {"running": count}

    return (await server.until("containers?limit=1000", condition, 60))["data"]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def test_a_host_joins_as_its_agent_does(server, agents):
    token = await server.token()
    assert token["registrationUrl"] == f"{server.url}/v1/scripts/{token['token']}"
    assert token["command"].split()[-1] == token["registrationUrl"]
    script = await server.http.get(token["registrationUrl"])
    assert f"CATTLE_REGISTRATION_SECRET_KEY={token['token']}" in script.text
    auth = httpx.BasicAuth("registrationToken", token["token"])
    everything = (await server.http.get(f"{server.url}/v1/register", auth=auth)).json()["data"]
    assert len(everything) == 2
    assert not any(row.get("secretKey") or row.get("accessKey") for row in everything)


async def test_a_revoked_token_opens_nothing(server):
    token = await server.token()
    await server.post(f"registrationtokens/{token['id']}?action=deactivate", status=202)
    assert (await server.http.get(token["registrationUrl"])).status_code == 401
    auth = httpx.BasicAuth("registrationToken", token["token"])
    answer = await server.http.post(f"{server.url}/v1/register", json={"key": "12345678"}, auth=auth)
    assert answer.status_code == 401
    assert "revoked" in answer.json()["message"]


async def test_a_host_whose_registration_was_removed_is_not_registered_twice(server, agents):
    token = await server.token()
    auth = httpx.BasicAuth("registrationToken", token["token"])
    row = (await server.until("register", lambda answer: len(answer["data"]) == 2))["data"][0]
    for action in ("deactivate", "remove"):
        path = f"register/{row['id']}"
        await server.until(path, lambda shown, action=action: action in shown["actions"])
        await server.post(f"{path}?action={action}", status=202)
    await server.until("register", lambda answer: len(answer["data"]) == 1)
    answer = await server.http.post(f"{server.url}/v1/register", json={"key": row["key"]}, auth=auth)
    assert (answer.status_code, answer.json()["fieldName"]) == (422, "key"), answer.text
    assert "remove the host" in answer.json()["message"]


async def shown(server, token, host):
    """The key that somebody with a token is shown for a host."""
    auth = httpx.BasicAuth("registrationToken", token)
    answer = await server.http.get(f"{server.url}/v1/register", params={"key": host.uuid}, auth=auth)
    (row,) = answer.json()["data"]
    return row["accessKey"], row["secretKey"]


async def test_a_token_opens_no_host_that_is_there(server, agents):
    token = (await server.token())["token"]
    for agent in agents:
        assert await shown(server, token, agent.host) == (None, None)
        auth = httpx.BasicAuth("registrationToken", token)
        answer = await server.http.post(f"{server.url}/v1/register", json={"key": agent.host.uuid}, auth=auth)
        assert (answer.status_code, answer.json()["fieldName"]) == (422, "key"), answer.text
        assert "stop it" in answer.json()["message"]
        assert await shown(server, token, agent.host) == (None, None)


async def test_an_agent_that_dies_before_its_hello_gets_the_same_key_again(server):
    token, host = (await server.token())["token"], PretendedHost("h1", "192.0.2.1")
    first = await server.credentials(token, host)
    assert await server.credentials(token, host) == first
    agent = SocketAgent(host, f"{server.url}/v1", *first)
    await agent.connect()
    await server.until("hosts", lambda answer: [row["state"] for row in answer["data"]] == ["active"])
    assert await shown(server, token, host) == (None, None)
    await agent.disconnect()


async def test_a_host_that_registers_again_gets_another_key(server, agents):
    token, (lost, stays) = (await server.token())["token"], agents
    (before,) = (await server.until(f"hosts?uuid={lost.host.uuid}", lambda answer: answer["data"]))["data"]
    await lost.disconnect()
    await server.until(f"hosts/{before['id']}", lambda shown: shown["agentState"] == "reconnecting")
    access, secret = await server.credentials(token, lost.host)
    assert access != lost.keys[0]
    assert await server.credentials(token, lost.host) == (access, secret), "its agent may have died before it read them"
    former = httpx.BasicAuth(*lost.keys)
    assert (await server.http.get(f"{server.url}/v1/agents", auth=former)).status_code == 401
    again = SocketAgent(lost.host, f"{server.url}/v1", access, secret)
    await again.connect()
    await server.until(f"hosts/{before['id']}", lambda shown: shown["agentState"] == "active")
    assert await shown(server, token, lost.host) == (None, None)
    assert stays.host.uuid in {row["uuid"] for row in (await server.call("GET", "hosts")).json()["data"]}
    await again.disconnect()


async def test_an_expired_token_says_so(server):
    await server.post("/v2/settings", {"name": "registration.token.period.millis", "value": "1"})
    token = await server.token()
    auth = httpx.BasicAuth("registrationToken", token["token"])
    answer = await server.http.post(f"{server.url}/v1/register", json={"key": "12345678"}, auth=auth)
    assert answer.status_code == 401
    assert "expired" in answer.json()["message"]
    assert (await server.http.get(token["registrationUrl"])).status_code == 401


async def test_a_stack_of_two_services_over_http(server, agents):
    text = "web: {image: ok/web, ports: ['8080:80'], links: [memcached]}\nmemcached: {image: ok/memcached}"
    stack = await server.post(
        "environments",
        {"name": "shop", "dockerCompose": text, "rancherCompose": "web: {scale: 2}", "startOnCreate": True},
    )
    await running(server, 3)
    services = await server.until(
        f"environments/{stack['id']}/services",
        lambda answer: {(row["state"], row["transitioning"]) for row in answer["data"]} == {("active", "no")},
    )
    web = next(row for row in services["data"] if row["name"] == "web")
    endpoints = (await server.until(f"services/{web['id']}", lambda answer: len(answer["publicEndpoints"] or []) == 2))[
        "publicEndpoints"
    ]
    assert {(entry["ipAddress"], entry["port"]) for entry in endpoints} == {("192.0.2.1", 8080), ("192.0.2.2", 8080)}


async def test_a_bad_compose_key_is_422_and_makes_nothing(server):
    answer = await server.call("POST", "environments", {"name": "s", "dockerCompose": "web: {image: a, imagee: b}"})
    assert answer.status_code == 422
    assert answer.json()["fieldName"] == "dockerCompose"
    assert "service 'web': unsupported config option 'imagee'" in answer.json()["message"]
    assert await server.rows("environments") == []


async def test_ten_containers_cost_little(server, agents):
    before = cpu_seconds(server.process.pid)
    await server.post("containers", {"imageUuid": "docker:ok", "count": 10})
    await eventually(lambda: sum(len(agent.host.running()) for agent in agents) == 10)
    spent = cpu_seconds(server.process.pid) - before
    print(f"server CPU until 10 containers run: {spent * 1000:.0f} ms")
    assert spent < 0.3
    await running(server, 10)


@pytest.mark.parametrize("started", [0, 3, 9, 16])
async def test_killed_while_starting_twenty(server, agents, started):
    hosts = [agent.host for agent in agents]
    await server.post("containers", {"imageUuid": "docker:slow" if started else "docker:ok", "count": 20})
    await eventually(lambda: sum(len(host.containers) for host in hosts) >= started)
    await server.kill()
    for agent in agents:
        await agent.disconnect()
    await server.start()
    for agent in agents:
        await agent.connect()
    rows = await running(server, 20)
    assert set((hosts[0].creates + hosts[1].creates).values()) == {1}
    assert len({row["primaryIpAddress"] for row in rows}) == 20
    assert len(hosts[0].running()) + len(hosts[1].running()) == 20
    processes = await server.until(
        "/v2/processinstances?limit=1000", lambda answer: all(row["endTime"] for row in answer["data"])
    )
    assert {row["result"] for row in processes["data"]} == {"SUCCESS"}


async def test_a_stop_ends_in_good_order(server, agents):
    await server.post("containers", {"imageUuid": "docker:hang"})
    with contextlib.suppress(TimeoutError):
        await agents[0].until(lambda: any(e.name.endswith("activate") for e in agents[0].received), 2)
    async with asyncio.timeout(3):
        assert await server.kill(15) == 0


async def test_a_deactivated_agent_key_ends_its_connection_at_once(server, agents):
    access_key = agents[0].keys[0]
    (credential,) = await server.rows(f"/v1/credentials?publicValue={access_key}")
    await server.post(f"/v1/credentials/{credential['id']}?action=deactivate", status=202)
    async with asyncio.timeout(1):
        await agents[0].closed.wait()
    assert not agents[1].closed.is_set()
    await agents[0].disconnect()
    with pytest.raises(Exception, match="401"):
        await agents[0].connect()
