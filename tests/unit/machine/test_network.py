# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses on the network of local machines, against an engine that answers from memory."""

import ipaddress

import pytest
from ansible_collections.orca.platform.plugins.module_utils.machine import network
from ansible_collections.orca.platform.plugins.module_utils.machine.driver import MachineError


class Engine:
    """As much of docker.APIClient as networks need; ``holders`` maps container names to addresses."""

    def __init__(self, *networks, holders=()):
        self.nets = list(networks)
        self.holders = dict(holders)

    def networks(self, names=None):
        return [net for net in self.nets if names is None or any(name in net["Name"] for name in names)]

    def create_network(self, name, ipam, labels, **_options):
        self.nets.append({"Id": name, "Name": name, "Labels": labels, "IPAM": ipam})

    def remove_network(self, identity):
        self.nets = [net for net in self.nets if net["Id"] != identity]

    def containers(self, all, filters):
        return [
            {"Names": [f"/{name}"], "NetworkSettings": {"Networks": {filters["network"]: {"IPAddress": address}}}}
            for name, address in self.holders.items()
        ]


def net(name, subnet, labels=None):
    return {"Id": name, "Name": name, "Labels": labels, "IPAM": {"Config": [{"Subnet": subnet}]}}


@pytest.fixture(autouse=True)
def _of_this_test(monkeypatch, tmp_path):
    monkeypatch.setattr(network, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(network, "_routes", lambda: [ipaddress.IPv4Network("172.31.1.0/24")])


def test_takes_the_first_subnet_nobody_uses():
    engine = Engine(net("other", "172.31.0.0/24"), net("orca-machines-2", "10.0.0.0/8"))
    lan = network.Network("orca-machines", None)
    assert lan.ensure(engine, check=True)
    assert len(engine.nets) == 2
    assert lan.ensure(engine, check=False)
    assert engine.nets[-1]["IPAM"]["Config"] == [{"Subnet": "172.31.2.0/24", "Gateway": "172.31.2.1"}]
    assert not lan.ensure(engine, check=False)
    assert lan.gateway(engine) == "172.31.2.1"


def test_another_subnet_than_it_has_is_an_error():
    engine = Engine(net("lan", "172.31.5.0/24"))
    with pytest.raises(MachineError, match=r"subnet: network lan exists with 172.31.5.0/24, not 172.31.6.0/24"):
        network.Network("lan", "172.31.6.0/24").ensure(engine, check=False)


def test_a_subnet_that_is_none_is_an_error():
    with pytest.raises(MachineError, match=r"subnet: 172.31.6.1/24"):
        network.Network("lan", "172.31.6.1/24")


def test_addresses_are_kept_asked_for_or_the_lowest_free():
    engine = Engine(net("lan", "172.31.5.0/24"), holders={"a": "172.31.5.11"})
    given = network.Network("lan", None).addresses_for(engine, {"a": None, "b": None, "c": None, "d": "172.31.5.10"})
    assert given == {"a": "172.31.5.11", "b": "172.31.5.12", "c": "172.31.5.13", "d": "172.31.5.10"}


@pytest.mark.parametrize(
    ("address", "message"),
    [("172.31.5.11", "172.31.5.11 of b is held by a"), ("172.31.6.1", "not in 172.31.5.0/24")],
)
def test_an_address_that_cannot_be_had_is_an_error(address, message):
    engine = Engine(net("lan", "172.31.5.0/24"), holders={"a": "172.31.5.11"})
    with pytest.raises(MachineError, match=message):
        network.Network("lan", None).addresses_for(engine, {"b": address})


def test_a_full_subnet_is_an_error():
    engine = Engine(net("lan", "172.31.5.0/28"))
    wanted = {f"m{number}": None for number in range(6)}
    with pytest.raises(MachineError, match=r"no free address left in 172.31.5.0/28"):
        network.Network("lan", None).addresses_for(engine, wanted)


def test_only_an_unused_network_of_ours_is_removed():
    ours = {network.LABEL: "lan"}
    foreign = Engine(net("lan", "172.31.5.0/24"))
    used = Engine(net("lan", "172.31.5.0/24", ours), holders={"a": "172.31.5.11"})
    unused = Engine(net("lan", "172.31.5.0/24", ours))
    lan = network.Network("lan", None)
    assert not lan.remove_unused(foreign, check=False)
    assert not lan.remove_unused(used, check=False)
    assert lan.remove_unused(unused, check=True)
    assert unused.nets
    assert lan.remove_unused(unused, check=False)
    assert not unused.nets
