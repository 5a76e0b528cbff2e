# SPDX-License-Identifier: Apache-2.0
"""A real server process, an agent with real streams, and containers on this machine's engine."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import docker
import pytest
import pytest_asyncio

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from pretended import PretendedHost
from realserver import RealServer
from streamingagent import StreamingAgent
from viewers import Site

NO_STATISTICS = "0001-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    assert client.images.list("orca/base"), "orca/base is not built: script/images base"
    yield client
    client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory, engine: docker.DockerClient) -> AsyncIterator[Site]:
    folder = tmp_path_factory.mktemp("streams")
    async with RealServer.running(folder / "data") as server:
        token = (await server.token())["token"]
        host = PretendedHost("h1", "192.0.2.7")
        agent = StreamingAgent(host, folder / "agent", f"{server.url}/v1", *await server.credentials(token, host))
        await agent.connect()
        site = Site(server, agent, host, engine)
        await server.until(f"hosts?uuid={host.uuid}", lambda a: a["data"] and a["data"][0]["state"] == "active")
        await site.until_agent("active")
        try:
            yield site
        finally:
            await agent.disconnect()
            for container in site.made:
                with contextlib.suppress(docker.errors.NotFound):
                    container.remove(force=True)


@pytest.fixture(scope="module")
def statistics(engine: docker.DockerClient, site: Site) -> None:
    """Skips a test where the engine itself has no statistics: containerd needs every cgroup controller mounted."""
    probe = engine.containers.run(site.image, ["sleep", "60"], detach=True, network_mode="none", name="strm-probe")
    try:
        if probe.stats(stream=False)["read"] == NO_STATISTICS:
            pytest.skip("this engine has no statistics of containers")
    finally:
        probe.remove(force=True)
