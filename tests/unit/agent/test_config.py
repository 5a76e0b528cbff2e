# SPDX-License-Identifier: Apache-2.0
"""Which items come into effect, what is kept for the next start, what fails alone. The host itself is not touched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orca.agent import config
from orca.agent.config import Config
from orca.agent.errors import CommandFailed
from orca.hoststate.apply import Host, HostStateError, Kind, Result
from orca.wire import ConfigItem, ConfigUpdate

NETWORK = {"cidr": "10.42.0.0/16", "subnet": "10.42.1.0/24", "images": {"net": "n", "dns": "d"}}
PORT = {"publicPort": 80, "privatePort": 8080, "protocol": "tcp", "bindAddress": "", "address": "10.42.1.10"}


class FakeHost:
    """Records what ``apply_kind`` was asked for; refuses or misunderstands on demand."""

    def __init__(self) -> None:
        self.applied: list[tuple[str, dict[str, Any] | None, int]] = []
        self.refuses: set[str] = set()

    def apply_kind(
        self, kind: Kind, description: dict[str, Any] | None, *, owner: str, version: int, host: Host
    ) -> Result:
        assert owner == "agent"
        if kind.name in self.refuses:
            raise HostStateError(f"{kind.name}: the host refuses")
        for port in (description or {}).get("ports", {}).values():
            if port["protocol"] == "bad":
                raise ValueError("no such protocol")
        self.applied.append((kind.name, description, version))
        if description is None:
            host.ledger.forget(kind.name)
        else:
            host.ledger.write(kind.name, owner, version, description)
        return Result()

    def kinds(self) -> list[str]:
        return [kind for kind, _, _ in self.applied]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    fake = FakeHost()
    monkeypatch.setattr(config, "apply_kind", fake.apply_kind)
    return fake


async def free(port: int, protocol: str, bind: str) -> None:
    if port == 22:
        raise CommandFailed("Port 22/tcp is taken on this host by sshd")


@pytest.fixture
def keeper(tmp_path: Path, fake: FakeHost) -> Iterator[Config]:
    kept = Config(Host(root=str(tmp_path)), free)
    yield kept
    kept.close()


def update(*items: tuple[str, int, Any], complete: bool = False) -> ConfigUpdate:
    return ConfigUpdate(
        items=[ConfigItem(name=n, version=v, **({} if d is ... else {"description": d})) for n, v, d in items],
        complete=complete,
    )


async def test_the_network_brings_every_kind_with_it(keeper: Config, fake: FakeHost) -> None:
    reply = await keeper.update(update(("network", 3, NETWORK)))
    assert reply.applied == {"network": 3}
    assert fake.kinds() == [
        "network",
        "firewall",
        "dns",
        "checks",
        "balancers",
        "metadata",
    ]  # no certificate yet, so no mesh


async def test_a_change_costs_what_changed(keeper: Config, fake: FakeHost) -> None:
    await keeper.update(update(("network", 1, NETWORK)))
    fake.applied.clear()
    reply = await keeper.update(update(("port/p", 5, PORT)))
    assert fake.kinds() == ["firewall"]
    assert fake.applied[0][2] == 5
    assert reply.applied == {"network": 1, "port/p": 5}
    fake.applied.clear()
    await keeper.update(update(("port/p", 5, PORT)))
    assert fake.applied == []


async def test_the_last_good_items_come_back(keeper: Config, fake: FakeHost, tmp_path: Path) -> None:
    await keeper.update(update(("network", 1, NETWORK), ("port/p", 2, PORT)))
    fake.applied.clear()
    again = Config(Host(root=str(tmp_path)), free)
    await again.restore()
    again.close()
    assert again.applied == {"network": 1, "port/p": 2}
    assert fake.kinds()[:2] == ["network", "firewall"]


async def test_complete_removes_the_rest_and_keeps_the_unchanged(keeper: Config, fake: FakeHost) -> None:
    await keeper.update(update(("network", 1, NETWORK), ("port/a", 1, PORT), ("port/b", 1, PORT)))
    reply = await keeper.update(update(("network", 1, ...), ("port/a", 1, ...), complete=True))
    assert reply.applied == {"network": 1, "port/a": 1}
    assert reply.errors == {}


async def test_an_unchanged_item_that_is_not_here_is_asked_for(keeper: Config) -> None:
    reply = await keeper.update(update(("network", 7, ...), complete=True))
    assert reply.errors == {"network": "version 7 is not on this host"}


async def test_an_empty_complete_update_leaves_a_foreign_host_alone(keeper: Config, fake: FakeHost) -> None:
    await keeper.update(update(complete=True))
    assert fake.applied == []


async def test_the_network_goes_last(keeper: Config, fake: FakeHost) -> None:
    await keeper.update(update(("network", 1, NETWORK)))
    fake.applied.clear()
    reply = await keeper.update(update(("network", 2, None)))
    assert fake.kinds() == ["metadata", "balancers", "checks", "dns", "firewall", "network"]
    assert all(description is None for _, description, _ in fake.applied)
    assert reply.applied == {}


async def test_one_bad_item_is_found_and_the_rest_applied(keeper: Config) -> None:
    bad = {**PORT, "protocol": "bad"}
    reply = await keeper.update(update(("network", 1, NETWORK), ("port/a", 1, PORT), ("port/b", 1, bad)))
    assert reply.applied == {"network": 1, "port/a": 1}
    assert reply.errors == {"port/b": "no such protocol"}


async def test_what_the_host_refuses_fails_together_and_can_be_sent_again(keeper: Config, fake: FakeHost) -> None:
    fake.refuses.add("firewall")
    reply = await keeper.update(update(("network", 1, NETWORK), ("port/a", 1, PORT), ("port/b", 1, PORT)))
    assert set(reply.errors) == {"port/a", "port/b"}
    fake.refuses.clear()
    reply = await keeper.update(update(("port/a", 1, PORT), ("port/b", 1, PORT)))
    assert reply.errors == {}
    assert reply.applied == {"network": 1, "port/a": 1, "port/b": 1}


async def test_a_taken_port_is_not_applied(keeper: Config, fake: FakeHost) -> None:
    reply = await keeper.update(update(("network", 1, NETWORK), ("port/a", 1, {**PORT, "publicPort": 22})))
    assert reply.errors == {"port/a": "Port 22/tcp is taken on this host by sshd"}
    assert "port/a" not in reply.applied


async def test_an_unknown_item_is_named(keeper: Config) -> None:
    reply = await keeper.update(update(("volume/x", 1, {}), ("port/a", 1, {"protocol": "tcp"})))
    assert set(reply.errors) == {"volume/x", "port/a"}
    assert reply.errors["port/a"] == "publicPort is missing"


async def test_damaged_items_do_not_stop_the_agent(keeper: Config, fake: FakeHost, tmp_path: Path) -> None:
    items = tmp_path / "host/items"
    items.mkdir(parents=True)
    (items / "network.json").write_text("{")
    await keeper.restore()
    assert keeper.applied == {}
