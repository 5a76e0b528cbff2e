# SPDX-License-Identifier: Apache-2.0
"""A real agent process against the fake server and this machine's Docker engine."""

import asyncio
import contextlib
import functools
import os
import sys
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import docker
import docker.errors
import pytest
import pytest_asyncio

from orca.wire import Instance, names

from .fakeserver import TOKEN, FakeServer
from .pki import Authority, authority

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def ca() -> Authority:
    return authority()


@pytest.fixture
async def server(ca: Authority, tmp_path: Path) -> AsyncIterator[FakeServer]:
    async with FakeServer(ca, tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """This machine's Docker engine, with the base image of this project."""
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: docker.DockerClient) -> str:
    """An image that can run ``sleep``."""
    found = engine.images.list("orca/base")
    assert found, "orca/base is not built: script/images base"
    return str(found[0].tags[0])


@pytest.fixture
def instance(engine: docker.DockerClient, image: str) -> Iterator[Callable[..., Instance]]:
    """Make descriptions of containers; what became of them is removed after the test."""
    made: list[str] = []

    def make(**fields: object) -> Instance:
        made.append(str(uuid.uuid4()))
        values: dict[str, object] = {
            "uuid": made[-1],
            "name": "agt-test",
            "image": image,
            "command": ["sleep", "1000"],
            "network_mode": "none",
        }
        return Instance(**{**values, **fields})  # type: ignore[arg-type]

    yield make
    for name in made:
        for container in engine.containers.list(all=True, filters={"label": f"{names.LABEL_INSTANCE_UUID}={name}"}):
            container.remove(force=True, v=True)


MakeInstance = Callable[..., Instance]


def containers(engine: docker.DockerClient, instance: Instance) -> list[docker.models.containers.Container]:
    label = f"{names.LABEL_INSTANCE_UUID}={instance.uuid}"
    return list(engine.containers.list(all=True, filters={"label": label}))


class AgentProcess:
    """A running ``orca-agent``."""

    def __init__(self, process: asyncio.subprocess.Process, root: Path, log: Path) -> None:
        self.process, self.root, self._log = process, root, log

    @property
    def log(self) -> str:
        return self._log.read_text()

    async def logged(self, text: str) -> None:
        """Wait until the log contains ``text``."""
        async with asyncio.timeout(20):
            while text not in self.log:  # noqa: ASYNC110 (a file of another process)
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            async with asyncio.timeout(10):
                await self.process.wait()


@contextlib.asynccontextmanager
async def running_agent(
    server: FakeServer, root: Path, url: str | None = None, sha256: str | None = None, *, register: bool = True
) -> AsyncIterator[AgentProcess]:
    """Start an agent that registers at ``server`` (by default) and stop it at the end of the block."""
    log = root.parent / f"agent-{uuid.uuid4()}.log"
    argv = [sys.executable, "-c", "from orca.agent import main; main()", "--root", str(root)]
    if register:
        argv.append(url or f"{server.url}/v1/scripts/{TOKEN}")
    environment = {**os.environ, "ORCA_CA_SHA256": server.ca.sha256 if sha256 is None else sha256}
    with log.open("w") as stream:
        process = await asyncio.create_subprocess_exec(*argv, stderr=stream, env=environment)
    agent = AgentProcess(process, root, log)
    try:
        yield agent
    finally:
        await agent.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def connected(ca: Authority, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FakeServer]:
    """A server whose agent works on this machine's engine, for all tests of a module; each has its own containers."""
    directory = tmp_path_factory.mktemp("agent")
    async with FakeServer(ca, directory) as server, running_agent(server, directory / "orca"):
        await server.connected()
        yield server


StartAgent = Callable[..., AbstractAsyncContextManager[AgentProcess]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "orca"


@pytest.fixture
def start_agent(server: FakeServer, root: Path) -> StartAgent:
    """``running_agent`` for this test's server."""
    return functools.partial(running_agent, server, root)
