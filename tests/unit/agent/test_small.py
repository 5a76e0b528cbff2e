# SPDX-License-Identifier: Apache-2.0
"""Back-off, link, pull meter, facts, addresses, settings."""

import socket
import struct
from pathlib import Path

import pytest

from orca.agent import facts, netlink, settings
from orca.agent.backoff import CAP, Backoff
from orca.agent.link import Link
from orca.agent.pull import PullMeter
from orca.agent.resolver import Resolver
from orca.wire import Event, HostFacts


def test_delays_grow_to_the_cap_and_spread() -> None:
    backoff = Backoff()
    delays = [backoff.delay() for _ in range(12)]
    assert delays[0] <= 0.25
    assert all(CAP / 2 <= delay <= CAP for delay in delays[8:])
    assert len(set(delays)) == len(delays)
    backoff.reset()
    assert backoff.delay() <= 0.25


async def test_events_go_to_the_present_connection_only() -> None:
    link = Link()
    link.send(Event.report("lost"))
    first = link.attach()
    link.send(Event.report("one"))
    second = link.attach()
    link.detach(first)  # an older connection that ends late
    link.send(Event.report("two"))
    assert [queue.get_nowait().name for queue in (first, second)] == ["one", "two"]
    link.detach(second)
    link.send(Event.report("lost"))
    assert second.empty()


def test_pull_progress_is_the_sum_of_the_layers() -> None:
    meter = PullMeter()
    assert meter.percent is None
    assert not meter.feed({"status": "Pulling fs layer", "id": "a", "progressDetail": {}})
    assert meter.feed(
        {"status": "Downloading", "id": "a", "progressDetail": {"current": 1_000_000, "total": 2_000_000}}
    )
    assert meter.feed({"status": "Downloading", "id": "b", "progressDetail": {"current": 0, "total": 2_000_000}})
    assert meter.percent == 25
    assert meter.describe("x") == "Pulling x: 1.0 of 4.0 MB"


def test_only_changed_facts_are_told() -> None:
    before = HostFacts(hostname="h", addresses=["192.0.2.1"], cpu_count=2)
    assert facts.changed(before, before) is None
    now = HostFacts(hostname="h", addresses=["192.0.2.2"], cpu_count=2)
    assert facts.changed(before, now) == HostFacts(addresses=["192.0.2.2"])


def _address(address: str, label: str, scope: int = 0) -> bytes:
    def attribute(kind: int, value: bytes) -> bytes:
        return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)

    body = struct.pack("=BBBBI", socket.AF_INET, 24, 0, scope, 2)
    body += attribute(2, socket.inet_aton(address)) + attribute(3, label.encode() + b"\0")
    return struct.pack("=IHHII", 16 + len(body), 20, 0, 1, 0) + body


def test_outer_addresses_are_those_others_can_use() -> None:
    data = (
        _address("127.0.0.1", "lo", 254)
        + _address("192.0.2.1", "eth0")
        + _address("10.42.1.1", "orca0")
        + _address("172.17.0.1", "docker0")
        + _address("192.0.2.9", "eth0:1")
    )
    assert netlink.parse(data) == (True, ["192.0.2.1", "192.0.2.9"])
    assert netlink.parse(struct.pack("=IHHII", 16, 3, 0, 1, 0)) == (False, [])


def test_netlink_answers_here() -> None:
    assert isinstance(netlink.addresses(), list)
    assert netlink.source_towards("127.0.0.1") == "127.0.0.1"


def test_an_announced_address_comes_first() -> None:
    assert facts.outer_addresses("127.0.0.1", "198.51.100.7")[:2] == ["198.51.100.7", "127.0.0.1"]


def test_resolv_conf(tmp_path: Path) -> None:
    resolver = Resolver(tmp_path / "resolv")
    resolver.write("u", ["shop.example"], ["192.0.2.53"])
    text = "search shop.example orca.internal\nnameserver 169.254.169.250\nnameserver 192.0.2.53\n"
    assert resolver.path("u").read_text() == text
    resolver.remove("u")
    resolver.remove("u")
    assert not resolver.path("u").exists()


def test_settings_come_from_arguments_then_environment() -> None:
    environment = {"ORCA_REGISTRATION_URL": "https://e", "ORCA_CA_SHA256": "aa", "ORCA_AGENT_ADDRESS": "192.0.2.1"}
    found = settings.parse([], environment)
    assert (found.registration_url, found.ca_sha256, found.address) == ("https://e", "aa", "192.0.2.1")
    assert settings.parse(["https://a"], environment).registration_url == "https://a"
    with pytest.raises(SystemExit):
        settings.parse(["--log-level", "LOUD"], {})
