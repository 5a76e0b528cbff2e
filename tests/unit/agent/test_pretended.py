# SPDX-License-Identifier: Apache-2.0
"""The pretended host answers as the real agent does: one script of events for both, and what each says compared.

The real agent works here on a Docker engine in memory; what it would do to the host itself is left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from memoryengine import MemoryEngine

from orca import wire
from orca.agent import config
from orca.agent.checks import EngineChecks
from orca.agent.commands import Commands
from orca.agent.config import Config
from orca.agent.containers import Containers
from orca.agent.lease import Lease
from orca.agent.resolver import Resolver
from orca.agent.restarts import Restarts, WantedStates
from orca.agent.watch import ContainerWatch
from orca.hoststate.apply import Host as HostView
from orca.hoststate.apply import Kind, Result, kinds
from orca.simulator import faults
from orca.simulator.host import Agent, Host
from orca.wire import names

WEB, JOB, LATE = ("00000000-0000-4000-8000-00000000000" + digit for digit in "123")
IMAGES = ("ok",)


class Side(Protocol):
    """One of the two. ``said`` is what the server was told."""

    said: list[wire.Event]

    def receive(self, event: wire.Event) -> None: ...
    def run_by_hand(self, name: str, system: str = "") -> str: ...
    def end(self, uuid: str, exit_code: int) -> None: ...
    def remove_by_hand(self, external_id: str) -> None: ...
    def id_of(self, uuid: str) -> str: ...
    async def containers(self) -> list[wire.Container]: ...
    def applied(self) -> dict[str, int]: ...


def instance(uuid: str, **more: Any) -> wire.Instance:
    given = {"image": "ok", "address": "10.42.1.10", "labels": {"a": "b"}, **more}
    return wire.Instance(uuid=uuid, name="shop_web/1", **given)


def script(side: Side) -> Iterator[str]:
    """What happens; yields the name of each step once it has begun."""
    sent: list[wire.Event] = []

    def ask(name: str, message: wire.Message | None = None) -> str:
        sent.append(wire.Event.request(name, message))
        side.receive(sent[-1])
        return name

    def activate(step: str, wanted: wire.Instance) -> str:
        return ask(names.ACTIVATE, wire.Activate(key=f"{wanted.uuid}/{step}", instance=wanted))

    def update(*items: wire.ConfigItem, complete: bool = False) -> str:
        return ask(names.CONFIG_UPDATE, wire.ConfigUpdate(items=list(items), complete=complete))

    yield ask(names.PING)
    yield ask("an event of a later version")
    yield ask(names.ACTIVATE, wire.Inspect(uuid=WEB))

    network = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "images": {"net": "n", "dns": "d"}}
    peer = wire.ConfigItem("peer/p", 2, {"name": "p", "address": "192.0.2.1", "subnet": "10.42.2.0/24"})
    yield update(wire.ConfigItem("network", 3, network), peer)
    yield update(wire.ConfigItem("of/later", 1, {}), wire.ConfigItem("peer/q", 1, {"name": "q"}))
    yield update(wire.ConfigItem("peer/q", 2, None))
    yield update(wire.ConfigItem("peer/q", 2, None))
    yield update(wire.ConfigItem("network", 3), wire.ConfigItem("peer/p", 1), complete=True)
    yield update(wire.ConfigItem("network", 3), complete=True)

    yield activate("1", instance(WEB))
    yield activate("1", instance(WEB))
    yield ask(names.INSPECT, wire.Inspect(uuid=WEB))
    yield ask(names.INSPECT, wire.Inspect(uuid=JOB))
    yield ask(names.DEACTIVATE, wire.Deactivate(key="w/2", uuid=WEB, timeout=0))
    yield ask(names.DEACTIVATE, wire.Deactivate(key="w/3", uuid=WEB, timeout=0))
    yield ask(names.DEACTIVATE, wire.Deactivate(key="j/1", uuid=JOB, timeout=0))
    yield activate("1", instance(WEB))
    yield activate("4", instance(WEB))

    job = instance(JOB, network_mode="bridge", restart_policy=wire.RestartPolicy("on-failure", 1))
    yield activate("1", job)
    side.end(JOB, 1)
    yield "it ends and starts again"
    side.end(JOB, 1)
    yield "it ends for good"
    yield activate("2", job)
    side.end(JOB, 0)
    yield "it ends well"

    yield activate("1", instance(LATE, image="missing"))
    yield activate("2", instance(LATE, image="hang"))
    side.receive(wire.Event.report(names.CANCEL, wire.Cancel(previous_ids=[sent[-1].id])))
    yield names.CANCEL
    yield activate("3", instance(LATE, image="hang"))
    yield activate("3", instance(LATE, image="hang"))
    yield ask(names.REMOVE, wire.Remove(key="l/4", uuid=LATE))

    yield ask(names.PULL, wire.Pull(key="p/1", image="new", cached=True))
    yield ask(names.PULL, wire.Pull(key="p/2", image="new"))
    yield ask(names.PULL, wire.Pull(key="p/3", image="new", cached=True))
    yield ask(names.PULL, wire.Pull(key="p/4", image="missing"))
    yield ask(names.VOLUME_REMOVE, wire.RemoveVolume(key="v/1", name="data"))

    native, part = side.run_by_hand("by-hand"), side.run_by_hand("orca-net", "net")
    yield "two are run by hand"
    yield ask(names.DEACTIVATE, wire.Deactivate(key="n/1", uuid="row", timeout=0, external_id=native))
    yield ask(names.REMOVE, wire.Remove(key="n/2", uuid="row", external_id=native))
    yield ask(names.REMOVE, wire.Remove(key="n/3", uuid="row", external_id=native))
    yield ask(names.REMOVE, wire.Remove(key="n/4", uuid="row", external_id=part))
    yield ask(names.REMOVE, wire.Remove(key="w/5", uuid=WEB))
    yield ask(names.REMOVE, wire.Remove(key="w/6", uuid=WEB))
    side.remove_by_hand(side.id_of(JOB))
    yield "one of ours is removed by hand"


class Pretended:
    """The model."""

    def __init__(self) -> None:
        self.host = Host("h1", "192.0.2.1")
        self.host.room.images |= set(IMAGES)
        self.agent = Agent(self.host)
        self.said: list[wire.Event] = []
        self._now = 1000

    def receive(self, event: wire.Event) -> None:
        image = event.data.get("image") or event.data.get("instance", {}).get("image", "")
        self.agent.receive(event, self._now, faults.by_image(image))
        self.let_time_pass()

    def let_time_pass(self) -> None:
        self._now += 1000
        self.agent.pass_time(self._now)
        self.said += [event for event, _ in self.agent.take()]

    def run_by_hand(self, name: str, system: str = "") -> str:
        container = self.host.run_by_hand(name, labels={names.LABEL_SYSTEM: system} if system else {})
        self.let_time_pass()
        return container.external_id

    def end(self, uuid: str, exit_code: int) -> None:
        container = self.host.room.find(uuid)
        assert container is not None
        self.host.end(container, exit_code)
        self.let_time_pass()

    def remove_by_hand(self, external_id: str) -> None:
        self.host.remove(self.host.room.containers[external_id])
        self.let_time_pass()

    def id_of(self, uuid: str) -> str:
        container = self.host.room.find(uuid)
        assert container is not None
        return container.external_id

    async def containers(self) -> list[wire.Container]:
        return self.host.hello().containers

    def applied(self) -> dict[str, int]:
        return self.host.hello().applied


class Real:
    """The agent's own handlers."""

    def __init__(self, root: Path) -> None:
        self.said: list[wire.Event] = []
        self.engine: Any = MemoryEngine(*IMAGES)
        self.engine.registry |= {"new"}
        self.engine.held |= {"hang"}
        self._containers = Containers(Resolver(root / "resolv"), self.engine)
        self.config = Config(HostView(root=str(root)), self._containers.check_port)
        lease = Lease(lambda seconds: True, lambda: None)
        lease.told()
        self._restarts = Restarts(WantedStates(root / "wanted"), self._containers, nothing, nothing, lease)
        others: Any = (None, None, None, None)
        self.commands = Commands(
            self.config, self._containers, self._restarts, self.said.append, nothing, *others, lease
        )
        self._watch = ContainerWatch(
            self._containers,
            self._restarts,
            self.said.append,
            nothing,
            lambda: None,
            self.engine,
            EngineChecks(lambda found: None),
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Real]:
        watching = asyncio.create_task(self._watch.run())
        try:
            yield self
        finally:
            watching.cancel()
            await self.commands.close()
            await self._restarts.close()
            self.config.close()

    def receive(self, event: wire.Event) -> None:
        self.commands.receive(event)

    def run_by_hand(self, name: str, system: str = "") -> str:
        return str(self.engine.run_by_hand(name, **({names.LABEL_SYSTEM: system} if system else {})))

    def end(self, uuid: str, exit_code: int) -> None:
        self.engine.end(self.id_of(uuid), exit_code)

    def remove_by_hand(self, external_id: str) -> None:
        self.engine.remove(external_id)

    def id_of(self, uuid: str) -> str:
        return str(self.engine.id_of(uuid))

    async def containers(self) -> list[wire.Container]:
        return await self._watch.everything()

    def applied(self) -> dict[str, int]:
        return self.config.applied


async def nothing(*_: object) -> None:
    pass


@pytest.fixture
async def real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Real]:
    def apply_kind(kind: Kind, description: Any, *, owner: str, version: int, host: HostView) -> Result:
        host.ledger.write(kind.name, owner, version, description)
        return Result()

    monkeypatch.setattr(config, "apply_kind", apply_kind)
    async with Real(tmp_path).running() as side:
        yield side


def plain(value: Any, key: str = "") -> Any:
    """A value without what differs between any two hosts: ids, times, the engine's own addresses and words."""
    if isinstance(value, dict):
        if key == "inspect":
            return {name: plain(value[name], name) for name in ("Id", "Name")} | {"Config": value["Config"]}
        return {name: plain(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if key in ("externalId", "Id", "started", "startedAt"):
        return type(value).__name__
    return "172.17" if key == "address" and value.startswith("172.17.") else value


def answers(said: list[wire.Event]) -> list[Any]:
    """The answers to commands. Of a message that Docker would give, what it is about."""
    return [
        (event.transitioning, event.transitioning_progress if event.transitioning == "yes" else
         (event.transitioning_message or "").partition("cannot be pulled: ")[:2], plain(event.data))
        for event in said
        if event.previous_ids
    ]  # fmt: skip


def reports(said: list[wire.Event]) -> list[Any]:
    """The reports. How a container is when its creation is told depends on how soon the engine is asked."""
    late = ("state", "startedAt", "address")
    return [
        {name: each for name, each in plain(event.data).items() if event.data["status"] != "create" or name not in late}
        for event in said
        if not event.previous_ids
    ]


async def test_the_pretended_host_says_what_the_real_agent_says(real: Real) -> None:
    pretended = Pretended()
    for expected, step in zip(script(real), script(pretended), strict=True):
        assert step == expected
        async with asyncio.timeout(30):
            while len(real.said) < len(pretended.said):  # noqa: ASYNC110 (the agent's tasks share no event)
                await asyncio.sleep(0.001)
        for _ in range(100):  # what it says too much
            await asyncio.sleep(0)
        assert answers(pretended.said) == answers(real.said), step
        assert reports(pretended.said) == reports(real.said), step
        assert pretended.applied() == real.applied(), step
        assert [plain(wire.to_data(each)) for each in await pretended.containers()] == [
            plain(wire.to_data(each)) for each in await real.containers()
        ], step
        pretended.said.clear()
        real.said.clear()


def test_a_hello_has_all_that_a_hello_has() -> None:
    hello = Pretended().host.hello()
    missing = {name for name in wire.Hello.__struct_fields__ if getattr(hello, name) is None}
    assert missing == {"encryption"}, "only a host with a network agent says who encrypts"
    assert hello.families == list(kinds.families())
    assert hello.digest == wire.digest.text(wire.digest.total(hello.applied))
    assert wire.sound(hello) == hello
