# SPDX-License-Identifier: Apache-2.0
"""What a client of v1 asks for is what a real engine says of the container."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import docker
import msgspec
import pytest
import pytest_asyncio

from orca.resources import rows
from orca.resources.ids import show
from orca.resources.validation import Validator
from orca.resources.views import view
from orca.wire import Activate, Activated, Deactivate, Instance, Remove, names

sys.path.insert(0, str(Path(__file__).parents[1]))

from inprocess import Platform
from pretended import PretendedHost

from .fakeserver import FakeServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLE = "member"
NEVER = ("", "no")
"""The restart policies of an engine that restarts nothing: restarts are the agent's."""


class Client:
    """A client of v1 whose containers run on a real engine.

    The platform places them on a pretended host, and a real agent gets the commands of that one.
    """

    def __init__(
        self, platform: Platform, host: PretendedHost, server: FakeServer, engine: docker.DockerClient
    ) -> None:
        self._platform, self._host, self._server, self._engine = platform, host, server, engine
        self._made: list[tuple[str, str]] = []

    async def post(self, **body: Any) -> tuple[str, dict[str, Any]]:
        """Make a container; returns its id in the API, and its document on the engine."""
        seen = view(ROLE, "v1")
        fields = Validator(seen, strict=True).create(seen.types["container"], body)
        row = await self._platform.create("container", _role=ROLE, **fields)
        await self._platform.until(lambda tx: tx.require(rows.Instance, row.id).state == "running")
        order = self._host.orders[row.uuid]
        for uuid, external_id in self._made:  # the pretended engine gave others their ids
            pretended = self._host.by_uuid(uuid)
            assert pretended is not None
            order = msgspec.json.decode(
                msgspec.json.encode(order).replace(pretended.external_id.encode(), external_id.encode())
            )
        activate = Activate(key=f"{row.uuid}/1", instance=msgspec.convert(order, Instance))
        reply = await self._server.ask(names.ACTIVATE, activate)
        assert reply.transitioning is None, reply.transitioning_message
        external_id = reply.read(Activated).external_id
        self._made.append((row.uuid, external_id))
        return str(show("container", row.id)), self._engine.containers.get(external_id).attrs

    async def close(self) -> None:
        """Remove them, the last one first."""
        for uuid, _ in reversed(self._made):
            await self._server.ask(names.DEACTIVATE, Deactivate(key=f"{uuid}/2", uuid=uuid, timeout=0))
            await self._server.ask(names.REMOVE, Remove(key=f"{uuid}/3", uuid=uuid))


@pytest_asyncio.fixture(loop_scope="module")
async def client(tmp_path: Path, connected: FakeServer, engine: docker.DockerClient) -> AsyncIterator[Client]:
    async with Platform.start(tmp_path, f"sqlite:///{tmp_path}/orca.db") as platform:
        host = PretendedHost("h1", "192.0.2.1")
        await platform.join(host)
        made = Client(platform, host, connected, engine)
        try:
            yield made
        finally:
            await made.close()


def of(document: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What a document says about the keys of another one."""
    return {
        key: of(document[key], value) if isinstance(value, dict) and value else document[key]
        for key, value in wanted.items()
    }


def volumes(document: dict[str, Any]) -> dict[str, str]:
    """The names of a container's volumes by path."""
    return {mount["Destination"]: mount["Name"] for mount in document["Mounts"] if mount["Type"] == "volume"}


ASKED: dict[str, tuple[Any, dict[str, Any]]] = {
    "command": (["-c", "sleep 1000"], {"Config": {"Cmd": ["-c", "sleep 1000"]}}),
    "entryPoint": (["/bin/sh"], {"Config": {"Entrypoint": ["/bin/sh"]}}),
    "workingDir": ("/tmp", {"Config": {"WorkingDir": "/tmp"}}),
    "user": ("nobody", {"Config": {"User": "nobody"}}),
    "hostname": ("inner", {"Config": {"Hostname": "inner"}}),
    "domainName": ("example.org", {"Config": {"Domainname": "example.org"}}),
    "tty": (True, {"Config": {"Tty": True}}),
    "stdinOpen": (True, {"Config": {"OpenStdin": True}}),
    "dns": (["192.0.2.53"], {"HostConfig": {"Dns": ["192.0.2.53"]}}),
    "dnsSearch": (["example.org"], {"HostConfig": {"DnsSearch": ["example.org"]}}),
    "extraHosts": (["db:192.0.2.7"], {"HostConfig": {"ExtraHosts": ["db:192.0.2.7"]}}),
    "memory": (64 << 20, {"HostConfig": {"Memory": 64 << 20}}),
    "memorySwap": (128 << 20, {"HostConfig": {"MemorySwap": 128 << 20}}),
    "cpuShares": (512, {"HostConfig": {"CpuShares": 512}}),
    "cpuSet": ("0", {"HostConfig": {"CpusetCpus": "0"}}),
    "readOnly": (True, {"HostConfig": {"ReadonlyRootfs": True}}),
    "securityOpt": (["no-new-privileges"], {"HostConfig": {"SecurityOpt": ["no-new-privileges"]}}),
    "logConfig": (
        {"driver": "json-file", "config": {"max-size": "1m"}},
        {"HostConfig": {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}}},
    ),
    "devices": (
        ["/dev/null:/dev/void:r"],
        {"HostConfig": {"Devices": [
            {"PathOnHost": "/dev/null", "PathInContainer": "/dev/void", "CgroupPermissions": "r"}
        ]}},
    ),
    "dataVolumes": (
        ["/scratch", "/etc/hostname:/name:ro"],
        {"Config": {"Volumes": {"/scratch": {}}}, "HostConfig": {"Binds": ["/etc/hostname:/name:ro"]}},
    ),
    "privileged": (False, {"HostConfig": {"Privileged": False}}),
    # The firewall publishes ports.
    "ports": (["127.0.0.1:18431:80/tcp"], {"HostConfig": {"PortBindings": None}}),
}  # fmt: skip


async def test_a_container_is_as_v1_asked(client: Client, image: str) -> None:
    given = {key: asked for key, (asked, _) in ASKED.items()}
    variables, labels = {"A": "1", "B": ""}, {"x": "y"}
    _, found = await client.post(
        imageUuid=f"docker:{image}",
        networkMode="bridge",
        environment=variables,
        labels=labels,
        capAdd=["NET_ADMIN"],
        capDrop=["MKNOD"],
        restartPolicy={"name": "on-failure", "maximumRetryCount": 3},
        **given,
    )
    assert {key: of(found, told) for key, (_, told) in ASKED.items()} == {key: told for key, (_, told) in ASKED.items()}
    host = found["HostConfig"]
    assert (host["NetworkMode"], host["RestartPolicy"]["Name"] in NEVER) == ("bridge", True)
    # Later engines say it with the prefix.
    assert [each.removeprefix("CAP_") for each in (*host["CapAdd"], *host["CapDrop"])] == ["NET_ADMIN", "MKNOD"]
    assert {"A=1", "B="} <= set(found["Config"]["Env"])
    assert found["Config"]["Labels"].items() >= labels.items()
    assert found["State"]["Running"]


async def test_the_networks_of_v1(client: Client, image: str) -> None:
    sleeps = {"imageUuid": f"docker:{image}", "command": ["sleep", "1000"]}
    owner, joined = await client.post(**sleeps, networkMode="bridge", dataVolumes=["/shared"])
    for mode, asked in (
        ("host", {"networkMode": "host", "pidMode": "host"}),
        ("none", {"networkMode": "none"}),
        (f"container:{joined['Id']}", {"networkMode": "container", "networkContainerId": owner}),
    ):
        _, found = await client.post(**sleeps, **asked, dataVolumesFrom=[owner])
        assert found["State"]["Running"]
        assert found["HostConfig"]["NetworkMode"] == mode
        assert found["HostConfig"]["PidMode"] == asked.get("pidMode", "")
        assert found["HostConfig"]["VolumesFrom"] == [joined["Id"]]
        assert volumes(found)["/shared"] == volumes(joined)["/shared"]
