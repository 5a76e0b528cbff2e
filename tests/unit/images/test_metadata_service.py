# SPDX-License-Identifier: Apache-2.0
"""The metadata service as its callers and the agent see it: texts of 2015, waiting, and what it asks of the agent."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "images/dns"))

from metadata_service import feed as feeds
from metadata_service import server as servers
from metadata_service.answers import Answers
from metadata_service.feed import Feed
from metadata_service.known import Known
from metadata_service.server import Server

OWN, OTHER = "127.0.0.1", "127.0.0.2"
HOST = {"name": "h1", "uuid": "h", "agent_ip": "192.0.2.1", "labels": {}}
STACK = {"name": "shop", "uuid": "s", "environment_name": "Default"}
WEB: dict[str, Any] = {
    "name": "web",
    "uuid": "w",
    "stack": "stack/s",
    "labels": {"a/b": "1"},
    "metadata": {"debug": True, "size": 1.5, "none": None},
    "links": {"service/d": "db"},
}
DB = {"name": "mysql", "uuid": "d", "stack": "stack/s", "labels": {}, "links": {}}


def container(number: int, service: str = "service/w", **more: Any) -> dict[str, Any]:
    name = f"shop_web_{number}"
    place = {"service": service, "stack": "stack/s", "host": "host/h"}
    return {"name": name, "uuid": f"c{number}", "primary_ip": f"10.42.1.{number}", **place, **more}


LOCAL = {"container/c1": container(1), "service/w": WEB, "stack/s": STACK, "service/d": DB, "host/h": HOST}
PROJECT = LOCAL | {
    "service/w": WEB | {"scale": 2},
    "container/c1": container(1, state="running"),
    "container/c2": container(2, state="running"),
}


class Service:
    """The service of a host with one container, which calls from ``OWN``."""

    def __init__(self, directory: Path) -> None:
        self.path, self.socket = directory / "known.json", directory / "feed.sock"
        self.write(LOCAL)
        self.known = Known(self.path)
        self.feed = Feed(self.known)
        self.port = 0

    def write(self, objects: dict[str, Any]) -> None:
        found = {"subnet": "127.0.0.0/24", "host": "h", "clients": {OWN: "c1"}, "objects": objects}
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(found))
        new.replace(self.path)

    async def call(self, target: str, *headers: str, address: str = OWN, method: str = "GET") -> tuple[int, str]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        writer.write("\r\n".join([f"{method} {target} HTTP/1.1", "Connection: close", *headers, "", ""]).encode())
        head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        return int(head.split()[1]), body

    async def get(self, target: str) -> str:
        status, body = await self.call("/latest/" + target)
        assert status == 200, (target, status, body)
        return body

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[Agent]:
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        try:
            yield Agent(reader, writer)
        finally:
            writer.close()


class Agent:
    """The agent's end of the feed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def asked(self) -> Any:
        return json.loads(await self._reader.readline())["reached"]

    def say(self, base: int, reached: int, objects: dict[str, Any], *, complete: bool = True) -> None:
        said = {"base": base, "reached": reached, "complete": complete, "objects": objects}
        self._writer.write(json.dumps(said).encode() + b"\n")


@pytest.fixture
async def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Service]:
    monkeypatch.setattr("metadata_service.known.LOOK_SECONDS", 0)
    monkeypatch.setattr("metadata_service.answers.LOOK_SECONDS", 0.01)
    made = Service(tmp_path)
    socket = await made.feed.listen(made.socket)
    server = await Server(Answers(made.known, made.feed)).listen("127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    socket.close()
    server.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "WAIT_SECONDS", 0.0)


async def test_what_a_container_is_it_reads_without_anybody_else(service: Service) -> None:
    assert await service.get("self/container/name") == "shop_web_1"
    assert await service.get("self/container/primary_ip") == "10.42.1.1"
    assert await service.get("self/container/service_name") == "web"
    assert await service.get("self/container/stack_name") == "shop"
    assert await service.get("self/container/host_uuid") == "h"
    assert await service.get("self/service/metadata/") == "debug\nnone\nsize\n"
    assert await service.get("self/service/metadata/debug") == "true"
    assert await service.get("self/service/metadata/size") == "1.5"
    assert await service.get("self/service/metadata/none") == ""
    assert await service.get("self/service/labels") == "a%2Fb\n"
    assert await service.get("self/service/labels/a%2Fb") == "1"
    assert await service.get("self/service/links/shop%2Fmysql") == "db"
    assert await service.get("self/host/agent_ip") == "192.0.2.1"
    assert not service.known.current


async def test_lists_come_from_the_server_while_somebody_asks(service: Service) -> None:
    async with service.agent() as agent:
        asking = asyncio.create_task(service.get("self/service/containers"))
        assert await agent.asked() == 0
        agent.say(0, 7, {key: PROJECT[key] for key in list(PROJECT)[:3]}, complete=False)
        agent.say(7, 9, {key: PROJECT[key] for key in list(PROJECT)[3:]})
        assert await asking == "0=shop_web_1\n1=shop_web_2\n"
        assert await service.get("services") == "0=mysql\n1=web\n"
        assert await service.get("services/web/scale") == "2"
        assert await service.get("services/web/containers/1/primary_ip") == "10.42.1.2"
        assert await service.get("stacks/shop/services/web/containers/shop_web_2/state") == "running"
        assert await service.get("containers/c2/name") == "shop_web_2"
        assert await service.get("hosts/0") == "agent_ip\nlabels/\nname\nuuid\n"
        assert await service.get("") == "containers/\nhosts/\nself/\nservices/\nstacks/\nversion\n"
        agent.say(9, 10, {"container/c2": None})
        assert await service.get("containers?wait=true&value=0%3Dshop_web_1%0A1%3Dshop_web_2%0A") == "0=shop_web_1\n"


async def test_the_first_version_names_what_later_ones_hold(service: Service, impatient: None) -> None:
    assert await service.call("/2015-07-25/stacks/shop/services/") == (200, "0\n1\n")
    assert await service.call("/2015-07-25/stacks/shop/services/0") == (200, "mysql")
    assert await service.call("/2015-07-25/services/web/containers/0") == (200, "shop_web_1")
    assert await service.call("/2015-12-19/services/web/containers/") == (200, "0=shop_web_1\n")
    assert await service.call("/") == (200, "2015-07-25\n2015-12-19\nlatest\n")


async def test_json_has_the_whole_subtree(service: Service, impatient: None) -> None:
    status, body = await service.call("/latest/self/stack", "Accept: application/json")
    found = json.loads(body)
    assert (status, found["name"], found["environment_name"]) == (200, "shop", "Default")
    assert [each["name"] for each in found["services"]] == ["mysql", "web"]
    assert found["services"][1]["containers"][0]["primary_ip"] == "10.42.1.1"
    status, body = await service.call("/latest/nothing", "Accept: application/json")
    assert (status, json.loads(body)) == (404, {"code": 404, "message": "Not found", "type": "error"})


async def test_who_asks_decides(service: Service, impatient: None) -> None:
    assert await service.call("/latest/self/container/name", address=OTHER) == (404, "Not found\n")
    assert await service.call("/latest/self/host/name", address=OTHER) == (200, "h1")
    service.known._local["subnet"] = "10.42.1.0/24"
    assert await service.call("/latest/self/host/name") == (403, "Not a container of this host\n")


async def test_a_caller_waits_for_a_change(service: Service) -> None:
    version = await service.get("version")
    waiting = asyncio.create_task(service.get(f"version?wait=true&value={version}&maxWait=60"))
    name = asyncio.create_task(service.get("self/container/name?wait=true&value=shop_web_1"))
    async with service.agent() as agent:
        assert await agent.asked() == 0
        agent.say(0, 7, PROJECT)
        assert int(await waiting) > int(version)
        assert not name.done(), "a value of its own has not changed"
        service.write(LOCAL | {"container/c1": container(3)})
        agent.say(7, 8, {"container/c1": container(3)})
        assert await name == "shop_web_3"


async def test_a_wait_ends(service: Service) -> None:
    assert await service.get("self/host/name?wait=true&value=h1&maxWait=1") == "h1"


async def test_without_the_server_a_host_tells_what_it_knows(service: Service, monkeypatch: Any) -> None:
    monkeypatch.setattr(feeds, "WAIT_SECONDS", 0.01)
    assert await service.get("containers") == "0=shop_web_1\n"
    monkeypatch.setattr(feeds, "WAIT_SECONDS", 60.0)
    assert await service.get("services") == "0=mysql\n1=web\n", "the next callers do not wait"


async def test_a_gap_begins_it_anew_and_a_new_connection_asks_again(service: Service) -> None:
    async with service.agent() as agent:
        asking = asyncio.create_task(service.get("containers"))
        assert await agent.asked() == 0
        agent.say(0, 7, PROJECT)
        await asking
        agent.say(6, 7, {"container/c1": PROJECT["container/c1"]})  # twice is once
        agent.say(9, 10, {"container/c2": None})
        assert await agent.asked() == 0
        agent.say(0, 11, PROJECT)
    async with service.agent() as agent:
        assert await agent.asked() == 11


async def test_after_a_while_without_callers_it_is_forgotten(service: Service, monkeypatch: Any) -> None:
    async with service.agent() as agent:
        asking = asyncio.create_task(service.get("containers"))
        await agent.asked()
        agent.say(0, 7, PROJECT)
        await asking
        monkeypatch.setattr(feeds, "LEASE_SECONDS", 0.0)
        monkeypatch.setattr(feeds, "ASK_SECONDS", 0.0)
        await service.get("version")  # the last one
        while service.known.current:
            await service.known.wait(1)


async def test_a_damaged_file_leaves_what_is_known(service: Service) -> None:
    assert await service.get("self/container/name") == "shop_web_1"
    service.path.write_text("{")
    assert await service.get("self/container/name") == "shop_web_1"


async def test_requests_are_bounded(service: Service, monkeypatch: Any) -> None:
    assert (await service.call("/latest", method="POST"))[0] == 405
    assert (await service.call("/latest", "Content-Length: 5"))[0] == 400
    assert (await service.call("/latest", "no header"))[0] == 400
    assert await service.call("/latest/version", method="HEAD") == (200, "")
    assert (await service.call("/2014-01-01/self"))[0] == 404
    monkeypatch.setattr(servers, "CONNECTIONS_OF_ONE", 0)
    assert (await service.call("/latest"))[0] == 503
