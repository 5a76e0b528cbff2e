# SPDX-License-Identifier: Apache-2.0
"""Registering, dialling, and what happens when either is wrong."""

import json
import stat
from pathlib import Path

import docker
import pytest

from orca.wire import Activate, names

from .conftest import MakeInstance, StartAgent, containers
from .fakeserver import TOKEN, FakeServer
from .pki import Authority, authority


def credentials(root: Path) -> dict[str, str]:
    document: dict[str, str] = json.loads((root / "agent/credentials.json").read_text())
    return document


async def test_registers_with_the_pinned_ca_and_says_hello(
    server: FakeServer, start_agent: StartAgent, root: Path
) -> None:
    async with start_agent():
        hello = await server.connected()
    assert server.requests[:3] == ["GET /v1/scripts/ca.crt", f"GET /v1/scripts/{TOKEN}", "POST /v1/register"]
    assert hello.uuid == json.loads((root / "agent/identity.json").read_text())["uuid"]
    assert hello.docker_version and hello.kernel and hello.cpu_count and hello.memory_bytes
    assert hello.addresses and hello.addresses[0] == "127.0.0.1"  # the server is on the loopback here
    assert credentials(root) == {
        "url": f"{server.url}/v1",
        "accessKey": "agentkey",
        "secretKey": "agentsecret",
        "caSha256": server.ca.sha256,
    }
    assert not (root / "agent/registration").exists()
    assert json.loads((root / "agent/status.json").read_text())["state"] == "connected"


async def test_its_files_are_private(server: FakeServer, start_agent: StartAgent, root: Path) -> None:
    async with start_agent():
        await server.connected()
    assert stat.S_IMODE((root / "agent").stat().st_mode) == 0o700
    for path in (root / "agent").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


async def test_the_log_holds_no_secret(server: FakeServer, start_agent: StartAgent) -> None:
    async with start_agent() as agent:
        await server.connected()
    assert "agentsecret" not in agent.log
    assert TOKEN not in agent.log


async def test_comes_back_as_the_same_host_without_a_token(server: FakeServer, start_agent: StartAgent) -> None:
    async with start_agent():
        first = await server.connected()
    server.requests.clear()
    async with start_agent(register=False):
        second = await server.connected(2)
    assert first.uuid == second.uuid
    assert server.requests == []


async def test_dials_again_after_the_connection_ended(server: FakeServer, start_agent: StartAgent) -> None:
    async with start_agent():
        await server.connected()
        await server.hang_up()
        await server.connected(2)


async def test_another_ca_gets_nothing(server: FakeServer, start_agent: StartAgent, root: Path) -> None:
    async with start_agent(sha256="0" * 64) as agent:
        await agent.logged("is not the expected one")
    assert set(server.requests) == {"GET /v1/scripts/ca.crt"}
    status = json.loads((root / "agent/status.json").read_text())
    assert status["state"] == "failed"
    assert "Nothing was sent to it" in status["message"]


async def test_a_certificate_for_another_name_gets_nothing(
    server: FakeServer, start_agent: StartAgent, tmp_path: Path
) -> None:
    async with (
        FakeServer(server.ca, tmp_path, "192.0.2.1") as other,
        start_agent(f"{other.url}/v1/scripts/{TOKEN}") as agent,
    ):
        await agent.logged("certificate that is not valid for it")
    assert set(other.requests) == {"GET /v1/scripts/ca.crt"}


async def test_an_expired_token_is_told_in_the_servers_words(
    server: FakeServer, start_agent: StartAgent, root: Path
) -> None:
    server.token_valid = False
    async with start_agent() as agent:
        await agent.logged("the registration token is not accepted: token expired")
        server.token_valid = True  # a new token, so to say: the agent needs no restart
        await server.connected()


async def test_refused_credentials_ask_for_a_new_token(server: FakeServer, start_agent: StartAgent) -> None:
    async with start_agent():
        await server.connected()
    server.keys_valid = False
    async with start_agent(register=False) as agent:
        await agent.logged("register the host again with a new token")


async def test_a_server_that_changed_its_ca_is_refused(server: FakeServer, start_agent: StartAgent, root: Path) -> None:
    async with start_agent():
        await server.connected()
    (root / "agent/ca.pem").write_text(authority().pem)
    async with start_agent(register=False) as agent:
        await agent.logged("certificate is not valid")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://192.0.2.1:8080/v1/scripts/A:1:sig", "must begin with https://"),
        ("https://192.0.2.1/other", "must look like"),
        ("nonsense", "must look like"),
    ],
)
async def test_a_wrong_url_is_explained(start_agent: StartAgent, url: str, said: str) -> None:
    async with start_agent(url) as agent:
        await agent.logged(said)


async def test_answers_pings(server: FakeServer, start_agent: StartAgent) -> None:
    async with start_agent():
        await server.connected()
        reply = await server.ask(names.PING)
    assert reply.transitioning is None
    assert reply.data == {}


async def test_an_unknown_event_is_answered_with_an_error(server: FakeServer, start_agent: StartAgent) -> None:
    async with start_agent():
        await server.connected()
        reply = await server.ask("from.the.future")
    assert reply.transitioning == "error"


async def test_the_pin_may_come_with_the_url(server: FakeServer, start_agent: StartAgent, ca: Authority) -> None:
    async with start_agent(f"{server.url}/v1/scripts/{TOKEN}#{ca.sha256}", sha256=""):
        await server.connected()


async def test_a_hello_tells_what_happened_while_the_agent_was_away(
    server: FakeServer, start_agent: StartAgent, engine: docker.DockerClient, instance: MakeInstance
) -> None:
    first, second = instance(), instance()
    async with start_agent():
        await server.connected()
        for number, wanted in enumerate((first, second)):
            await server.ask(names.ACTIVATE, Activate(key=f"{number}/start", instance=wanted))
    containers(engine, first)[0].remove(force=True)
    containers(engine, second)[0].kill()
    async with start_agent(register=False):
        hello = await server.connected(2)
    states = {container.uuid: container.state for container in hello.containers}
    assert first.uuid not in states
    assert states[second.uuid] == "stopped"
