# SPDX-License-Identifier: Apache-2.0
"""The asynchronous shell of the Docker Engine API."""

import pytest
from fakeengine import FakeEngine

from orca.agent.engine import Engine, EngineGone, EngineRefused
from orca.agent.errors import CommandFailed
from orca.hoststate.engine_api import calls


@pytest.fixture
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("engine") / "s"  # the path of a socket has at most 107 bytes


async def test_answers(path):
    with FakeEngine().serving(path):
        engine = Engine(str(path))
        assert await engine.request(calls.network("orca")) == {"Name": "orca"}
        assert await engine.find(calls.container("x")) is None
        with pytest.raises(EngineRefused, match="Docker: no such thing"):
            await engine.request(calls.start("x"))
        with pytest.raises(EngineGone, match="broke off"):
            await engine.request(calls.network("cut"))
        async with engine.documents(calls.events({})) as documents:
            assert [document["Action"] async for document in documents] == ["start", "die"]


async def test_an_engine_that_refuses_old_clients(path):
    with FakeEngine(newest="1.52", oldest="1.44").serving(path) as fake:
        assert await Engine(str(path)).request(calls.network("orca")) == {"Name": "orca"}
    assert fake.asked == ["/_ping", "/v1.47/networks/orca"]


async def test_an_engine_that_is_upgraded_meanwhile(path):
    with FakeEngine().serving(path) as fake:
        engine = Engine(str(path))
        await engine.request(calls.network("orca"))
        fake.newest, fake.oldest = "1.52", "1.44"  # the engine is upgraded, and refuses what was agreed
        async with engine.documents(calls.events({})) as documents:
            assert [document["Action"] async for document in documents] == ["start", "die"]
    ping, version = "/_ping", ["/v1.41/networks/orca", "/v1.41/events?filters=%7B%7D", "/v1.47/events?filters=%7B%7D"]
    assert fake.asked == [ping, *version[:2], ping, version[2]]


async def test_engines_that_do_not_do(path):
    with pytest.raises(EngineGone, match="does not answer on"):
        await Engine(str(path)).request(calls.info())
    with FakeEngine(newest="1.40").serving(path), pytest.raises(CommandFailed, match="upgrade it to Docker"):
        await Engine(str(path)).request(calls.info())
