# SPDX-License-Identifier: Apache-2.0
"""Who may open which stream, when, and how often: tokens and their denials."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

import httpx
import jwt
import pytest
import websockets
from viewers import Site

from orca.api.callers.signer import Signer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def signer(site: Site) -> Signer:
    """The server's own, to make tokens that it would not give out."""
    return Signer(site.server.folder / "token.key")


async def idle(site: Site) -> dict[str, Any]:
    return await site.container("echo hello; exec sleep 1000")


async def command(site: Site, container: dict[str, Any]) -> dict[str, Any]:
    return await site.access(container["actions"]["execute"], {"command": ["true"]})


async def log(site: Site, container: dict[str, Any]) -> dict[str, Any]:
    return await site.access(container["actions"]["logs"], {})


async def host(site: Site) -> dict[str, Any]:
    return (await site.server.rows(f"hosts?uuid={site.host.uuid}"))[0]


async def login(site: Site, role: str) -> tuple[httpx.AsyncClient, dict[str, Any]]:
    """A person who is a member of the project in a role, as a client that works in it, and the account."""
    admin = site.server
    account = await admin.post("/v2/accounts", {"kind": "user", "name": f"somebody {role}"})
    await admin.until(f"/v2/accounts/{account['id']}", lambda shown: shown["state"] == "active")
    key = await admin.post("/v2/apikeys", {"accountId": account["id"]})
    await admin.until(f"/v2/apikeys/{key['id']}", lambda shown: shown["state"] == "active")
    await members(site, [(account["id"], role)])
    auth = httpx.BasicAuth(key["publicValue"], key["secretValue"])
    return httpx.AsyncClient(base_url=f"{admin.url}{admin.project}", auth=auth, timeout=20), account


async def members(site: Site, wanted: list[tuple[str, str]]) -> None:
    """Make these the members of the project, besides its owner."""
    accounts = await site.server.get("/v2/accounts?uuid=admin")
    entries = [(accounts["data"][0]["id"], "owner"), *wanted]
    body = {"members": [{"externalId": id, "externalIdType": "rancher_id", "role": role} for id, role in entries]}
    response = await site.server.call("POST", f"{site.server.project}/?action=setmembers", body)
    assert response.status_code == 200, response.text


# -- what a token says -------------------------------------------------------------------------------------------------


async def test_tokens_say_what_v1_said(site: Site) -> None:
    container, shown = await idle(site), await host(site)
    docker_id = container["externalId"]
    cases = [
        (await site.access(shown["links"]["hostStats"]), {"resourceId": shown["id"]}),
        (await site.access(container["links"]["containerStats"]), {"containerIds": {docker_id: container["id"]}}),
        (await log(site, container), {"logs": {"Container": docker_id, "Lines": 100, "Follow": True}}),
        (
            await command(site, container),
            {"exec": {"Container": docker_id, "Cmd": ["true"], "Tty": True, "AttachStdin": True, "AttachStdout": True}},
        ),
    ]
    key = (await site.server.call("GET", "/v1/scripts/api.crt")).text
    assert key.startswith("-----BEGIN PUBLIC KEY-")
    for access, expected in cases:
        claims = jwt.decode(access["token"], key, algorithms=["RS256"])
        assert {name: claims[name] for name in expected} == expected
        assert claims["hostUuid"] == site.host.uuid
        assert 0 < claims["exp"] - claims["iat"] <= 60


async def test_the_token_of_a_project_lists_its_hosts(site: Site) -> None:
    project = await site.server.get(site.server.project)
    access = await site.access(project["links"]["hostStats"])
    key = (await site.server.call("GET", "/v1/scripts/api.crt")).text
    (listed,) = jwt.decode(access["token"], key, algorithms=["RS256"])["project"]
    assert listed["url"].endswith("/v1/hoststats")
    assert jwt.decode(listed["token"], key, algorithms=["RS256"])["hostUuid"] == site.host.uuid
    async with site.open(listed) as viewer:
        assert await viewer.frame()


# -- how often, how long, where ----------------------------------------------------------------------------------------


async def test_a_command_is_run_once_per_token(site: Site) -> None:
    access = await command(site, await idle(site))
    statuses = await asyncio.gather(*(site.refusal(access) for _ in range(5)))
    assert sorted(statuses) == [101, 401, 401, 401, 401]
    assert await site.refusal(access) == 401


async def test_a_log_is_read_twice_with_one_token(site: Site) -> None:
    access = await log(site, await idle(site))
    for _ in range(2):
        async with site.open(access) as viewer:
            assert (await viewer.frame()).endswith(" hello")


async def test_a_token_is_good_for_its_own_url(site: Site) -> None:
    container, other, shown = await idle(site), await idle(site), await host(site)
    stats = await site.access(container["links"]["containerStats"])
    reading, running = await log(site, container), await command(site, container)
    wrong = [
        (stats, (await site.access(other["links"]["containerStats"]))["url"]),
        (reading, running["url"]),
        (running, reading["url"]),
        (reading, (await site.access(shown["links"]["hostStats"]))["url"]),
        (stats, (await site.access(shown["links"]["containerStats"]))["url"]),
    ]
    for access, url in wrong:
        assert await site.refusal({"url": url, "token": access["token"]}) == 401, url


async def test_forged_expired_and_foreign_tokens_are_refused(site: Site, signer: Signer, tmp_path: Any) -> None:
    access = await log(site, await idle(site))
    claims = signer.check(access["token"])
    other = Signer(tmp_path / "other.key")
    head, body, signature = access["token"].split(".")
    for token in (
        "",
        "x",
        other.sign(claims, 60),
        signer.sign(claims, -1),
        f"{head}.{body}.{signature[:-8]}AAAAAAAA",
        signer.sign({"hello": 1}, 60),
    ):
        assert await site.refusal({**access, "token": token}) == 401
    assert await site.refusal({**access, "token": signer.sign(claims, 60)}) == 101


# -- rights ------------------------------------------------------------------------------------------------------------


async def test_who_only_looks_reads_logs_and_runs_nothing(site: Site, signer: Signer) -> None:
    container = await idle(site)
    person, account = await login(site, "readonly")
    async with person:
        shown = (await person.get(f"containers/{container['id']}")).json()
        assert set(shown["actions"]) == {"logs"}
        answer = await person.post(f"containers/{container['id']}/?action=logs", json={})
        assert answer.status_code == 200, answer.text
        assert await site.refusal(answer.json()) == 101
        refused = await person.post(f"containers/{container['id']}/?action=execute", json={"command": ["true"]})
        assert refused.status_code in (400, 403, 404, 405, 422)
        stats = (await person.get(f"containers/{container['id']}/containerstats")).json()
        assert await site.refusal(stats) == 101
    access = await command(site, container)
    stolen = {**signer.check(access["token"]), "sub": account["id"].removeprefix("1a")}
    assert await site.refusal({**access, "token": signer.sign(stolen, 60)}) == 403


async def test_who_is_no_member_any_more_is_refused(site: Site) -> None:
    container = await idle(site)
    person, account = await login(site, "member")
    async with person:
        path = f"containers/{container['id']}/?action="
        reading = (await person.post(f"{path}logs", json={})).json()
        running = (await person.post(f"{path}execute", json={"command": ["true"]})).json()
        await members(site, [])
        assert await site.refusal(reading) == 403
        assert await site.refusal(running) == 403
        assert (await person.post(f"{path}logs", json={})).status_code in (403, 404)
    await site.server.post(f"/v2/accounts/{account['id']}/?action=deactivate", status=202)


@pytest.mark.parametrize("left", ["member", "account"])
async def test_an_open_command_ends_with_the_right_to_it(site: Site, left: str) -> None:
    container = await idle(site)
    person, account = await login(site, "member")
    async with person:
        body = {"command": ["sh"], "tty": True, "attachStdin": True, "attachStdout": True}
        access = (await person.post(f"containers/{container['id']}/?action=execute", json=body)).json()
    async with site.open(access) as viewer:
        if left == "member":
            await members(site, [])
        else:
            await site.server.post(f"/v2/accounts/{account['id']}/?action=deactivate", status=202)
        _, code, _ = await viewer.rest()
        assert code == 1008


async def streams_of(site: Site, client: httpx.AsyncClient, container: dict[str, Any]) -> list[dict[str, Any]]:
    """Access to one stream of each kind, as this client gets it."""
    path = f"containers/{container['id']}"
    body = {"command": ["sh"], "tty": True, "attachStdin": True, "attachStdout": True}
    shown = await host(site)
    answers = [
        await client.post(f"{path}/?action=execute", json=body),
        await client.post(f"{path}/?action=logs", json={}),
        await client.get(f"{path}/containerstats"),
        await client.get(f"hosts/{shown['id']}/hoststats"),
        await client.get(f"{site.server.url}{site.server.project}/hoststats"),
    ]
    assert [answer.status_code for answer in answers] == [200] * 5, [answer.text for answer in answers]
    return [answer.json() for answer in answers]


async def test_streams_end_with_the_key_that_asked_for_them(site: Site) -> None:
    container = await idle(site)
    person, account = await login(site, "member")
    (old,) = await site.server.rows(f"/v2/apikeys?accountId={account['id']}")
    made = await site.server.post("/v2/apikeys", {"accountId": account["id"]})
    await site.server.until(f"/v2/apikeys/{made['id']}", lambda shown: shown["state"] == "active")
    other = httpx.AsyncClient(base_url=person.base_url, auth=(made["publicValue"], made["secretValue"]), timeout=20)
    async with person, other, contextlib.AsyncExitStack() as open_streams:
        ending = [
            await open_streams.enter_async_context(site.open(each))
            for each in await streams_of(site, person, container)
        ]
        unused = (await streams_of(site, person, container))[1:]
        staying = await open_streams.enter_async_context(site.open((await streams_of(site, other, container))[1]))
        await site.server.post(f"/v2/apikeys/{old['id']}/?action=deactivate", status=202)
        for viewer in ending:
            assert (await viewer.rest())[1] == 1008
        for access in unused:
            assert await site.refusal(access) == 401
        assert (await staying.frame()).endswith(" hello")
        await site.server.post(f"/v2/apikeys/{made['id']}/?action=deactivate", status=202)
        assert (await staying.rest())[1] == 1008


@pytest.mark.parametrize("end", ["sign out", "the login"])
async def test_streams_end_with_the_session_that_asked_for_them(site: Site, end: str) -> None:
    container = await idle(site)
    name = f"ann {end}"
    person, account = await login(site, "member")
    body = {"accountId": account["id"], "publicValue": name, "secretValue": "a long enough password"}
    password = await site.server.post("/v2/passwords", body)
    await site.server.until(f"/v2/passwords/{password['id']}", lambda shown: shown["state"] == "active")
    async with person as signed_in:
        code = f"{name}:{body['secretValue']}"
        token = (await signed_in.post(f"{site.server.url}/v1/token", json={"code": code})).json()
        signed_in.auth = None
        signed_in.cookies.clear()
        signed_in.headers["Authorization"] = f"Bearer {token['jwt']}"
        access = (await signed_in.post(f"containers/{container['id']}/?action=logs", json={})).json()
        async with site.open(access) as viewer:
            assert (await viewer.frame()).endswith(" hello")
            if end == "sign out":
                assert (await signed_in.delete(f"{site.server.url}/v1/token")).status_code == 200
            else:
                await site.server.post(f"/v2/passwords/{password['id']}/?action=deactivate", status=202)
            assert (await viewer.rest())[1] == 1008
        assert await site.refusal(access) == 401


async def test_another_project_sees_nothing(site: Site, signer: Signer) -> None:
    container = await idle(site)
    other = await site.server.post("/v2/projects", {"name": "other"})
    await site.server.until(f"/v2/projects/{other['id']}", lambda shown: shown["state"] == "active")
    path = f"/v2/projects/{other['id']}/containers/{container['id']}"
    for method, tail, body in (
        ("POST", "/?action=logs", {}),
        ("POST", "/?action=execute", {"command": ["true"]}),
        ("GET", "/containerstats", None),
    ):
        assert (await site.server.call(method, path + tail, body)).status_code == 404
    access = await log(site, container)
    claims = {**signer.check(access["token"]), "accountId": int(other["id"].removeprefix("1a"))}
    assert await site.refusal({**access, "token": signer.sign(claims, 60)}) == 404


async def test_another_site_in_a_browser_is_refused(site: Site) -> None:
    access = await log(site, await idle(site))
    assert await site.refusal(access, headers={"Origin": "https://evil.example"}) == 403


# -- states ------------------------------------------------------------------------------------------------------------


async def test_a_stopped_container_has_a_log_and_runs_nothing(site: Site) -> None:
    container = await idle(site)
    running = await command(site, container)
    await asyncio.to_thread(site.made[-1].stop, timeout=0)
    site.agent.end(site.host.containers[container["externalId"]])
    path = f"containers/{container['id']}"
    shown = await site.server.until(path, lambda answer: answer["state"] == "stopped")
    assert "logs" in shown["actions"]
    assert "execute" not in shown["actions"]
    refused = await site.server.call("POST", f"{path}/?action=execute", {"command": ["true"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "ActionNotAvailable")
    assert await site.refusal(running) == 422
    async with site.open(await log(site, shown)) as viewer:
        frames, code, _ = await viewer.rest()
    assert frames[0].endswith(" hello")
    assert code == 1000


async def test_a_container_that_crashed_and_is_being_started_again_has_a_log(site: Site) -> None:
    made = await site.server.post("containers", {"imageUuid": "docker:x", "networkMode": "none"})
    path = f"containers/{made['id']}"
    container = await site.server.until(path, lambda answer: answer["state"] == "running")
    site.agent.end(site.host.containers[container["externalId"]])
    await site.server.until(path, lambda answer: answer["state"] == "stopped")
    await site.agent.disconnect()  # so that it stays in that state
    await site.until_agent("reconnecting")
    await site.server.post(f"{path}/?action=start", status=202)
    shown = await site.server.get(path)
    await site.reconnect()
    assert shown["state"] == "starting"
    assert "logs" in shown["actions"]


async def test_a_container_that_is_gone(site: Site) -> None:
    container = await idle(site)
    reading = await log(site, container)
    await asyncio.to_thread(site.made[-1].remove, force=True)
    assert await site.refusal(reading) == 503
    site.agent.vanish(site.host.containers[container["externalId"]])
    await site.server.until(f"containers/{container['id']}", lambda answer: answer["state"] == "removed")
    assert await site.refusal(reading) == 404


async def test_a_host_that_is_away(site: Site) -> None:
    container, shown = await idle(site), await host(site)
    reading = await log(site, container)
    await site.agent.disconnect()
    await site.until_agent("reconnecting")
    try:
        assert await site.refusal(reading) == 503
        for link in ("hostStats", "containerStats", "stats"):
            assert (await site.server.call("GET", site.path(shown["links"][link]))).status_code == 503
        for action, body in (("logs", {}), ("execute", {"command": ["true"]})):
            answer = await site.server.call("POST", site.path(container["actions"][action]), body)
            assert (answer.status_code, answer.json()["code"]) == (503, "Service Unavailable")
    finally:
        await site.reconnect()


async def test_a_service_without_containers_has_no_stream(site: Site) -> None:
    stack = await site.server.post("environments", {"name": "empty"})
    body = {"name": "none", "environmentId": stack["id"], "launchConfig": {"imageUuid": "docker:x"}, "scale": 1}
    service = await site.server.post("services", body)
    assert (await site.access(service["links"]["containerStats"]))["url"] is None


# -- the agent's end ---------------------------------------------------------------------------------------------------


async def test_nobody_but_the_asked_agent_brings_a_stream(site: Site) -> None:
    backend = {"url": site.server.url.replace("http", "ws") + "/v1/connectbackend", "token": ""}
    assert await site.refusal(backend) == 401
    for auth in (":".join(site.agent.keys), ":".join(admin_keys(site))):
        headers = {"Authorization": httpx.BasicAuth(*auth.split(":"))._auth_header}
        try:
            async with websockets.connect(f"{backend['url']}?ticket=guess", additional_headers=headers):
                raise AssertionError("a guessed ticket was accepted")
        except websockets.InvalidStatus as error:
            assert error.response.status_code == 403


def admin_keys(site: Site) -> tuple[str, str]:
    keys = json.loads((site.server.folder / "admin.json").read_text())
    return keys["accessKey"], keys["secretKey"]
