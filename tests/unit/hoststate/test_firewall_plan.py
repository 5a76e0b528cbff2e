# SPDX-License-Identifier: Apache-2.0
"""The chains: their text, and that one transaction always leads from whatever is there to what is wanted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orca.hoststate.plan import firewall

BASE = {"cidr": "10.42.0.0/16", "subnet": "10.42.241.0/24", "bridge": "orca0", "ports": {}}
DOCKER = """\
*raw
:PREROUTING ACCEPT [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [1:60]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
COMMIT
"""


def port(public, private=80, protocol="tcp", address="10.42.75.19", bind=""):
    return {"publicPort": public, "privatePort": private, "protocol": protocol, "address": address, "bindAddress": bind}


def apply(description, observed):
    wanted = firewall.plan(description, observed)
    text = firewall.transaction(wanted, observed)
    return observed if text is None else firewall.apply_transaction(text, observed)


def test_the_rules_of_2015_come_first_and_in_their_order():
    chains = firewall.plan({**BASE, "ports": {"a": port(8080)}}, {}).chains
    local = "-m addrtype --dst-type LOCAL"
    assert chains["nat"]["CATTLE_PREROUTING"] == [
        f"-p udp {local} -m udp --dport 4500 -j DNAT --to-destination 10.42.241.2:4500",
        f"-p udp {local} -m udp --dport 500 -j DNAT --to-destination 10.42.241.2:500",
        f"-p tcp {local} -m tcp --dport 8080 -j DNAT --to-destination 10.42.75.19:80",
    ]
    assert chains["nat"]["CATTLE_POSTROUTING"] == [
        "-s 10.42.0.0/16 -d 169.254.169.250/32 -j ACCEPT",
        "-s 10.42.0.0/16 ! -d 10.42.0.0/16 -p tcp -j MASQUERADE --to-ports 1024-65535",
        "-s 10.42.0.0/16 ! -d 10.42.0.0/16 -p udp -j MASQUERADE --to-ports 1024-65535",
        "-s 10.42.0.0/16 ! -d 10.42.0.0/16 -j MASQUERADE",
        "-s 127.0.0.0/8 -o orca0 -j MASQUERADE",
        "-s 10.42.75.19/32 -d 10.42.75.19/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    ]


def test_the_host_reaches_ports_under_localhost_and_those_bound_to_another_loopback_address():
    ports = {"a": port(8080), "b": port(9100, bind="127.0.0.1"), "c": port(9101, bind="127.0.0.9")}
    nat = apply({**BASE, "ports": ports}, firewall.parse(DOCKER))["nat"]
    assert nat["OUTPUT"][0] == "-m addrtype --dst-type LOCAL -j CATTLE_OUTPUT"
    assert nat["CATTLE_OUTPUT"] == [
        "! -d 127.0.0.0/8 -j CATTLE_PREROUTING",
        "-d 127.0.0.1/32 -j CATTLE_PREROUTING",
        "-d 127.0.0.9/32 -j CATTLE_PREROUTING",
    ]
    assert "-d 127.0.0.9/32 -p tcp -m addrtype --dst-type LOCAL -m tcp --dport 9101 -j DNAT" in " ".join(
        nat["CATTLE_PREROUTING"]
    )


def test_no_wire_brings_a_loopback_address():
    raw = apply(BASE, firewall.parse(DOCKER))["raw"]
    assert raw["PREROUTING"] == ["-j CATTLE_RAW_PREROUTING"]
    assert raw["CATTLE_RAW_PREROUTING"] == ["-s 127.0.0.0/8 ! -i lo -j DROP", "-d 127.0.0.0/8 ! -i lo -j DROP"]


def test_what_drops_is_committed_before_what_opens():
    text = firewall.transaction(firewall.plan(BASE, {}), {})
    assert [line for line in text.splitlines() if line.startswith("*")] == ["*raw", "*filter", "*nat"]


def test_loopback_is_routed_on_the_bridge_and_not_on_a_former_one():
    name = "net/ipv4/conf/{0}/route_localnet".format
    assert firewall.sysctls(BASE, {}) == {name("orca0"): "1"}
    observed = apply({**BASE, "bridge": "old0"}, {})
    assert firewall.sysctls(BASE, observed) == {name("orca0"): "1", name("old0"): "0"}
    assert firewall.sysctls(None, observed) == {name("old0"): "0"}


def test_the_jump_of_the_first_release_is_replaced():
    observed = firewall.parse(DOCKER)
    observed["nat"]["CATTLE_PREROUTING"] = []
    observed["nat"]["OUTPUT"].insert(0, "! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j CATTLE_PREROUTING")
    assert apply(BASE, observed)["nat"]["OUTPUT"] == [
        "-m addrtype --dst-type LOCAL -j CATTLE_OUTPUT",
        "! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER",
    ]


def test_jumps_are_first_whatever_docker_did():
    observed = firewall.parse(DOCKER)
    done = apply(BASE, observed)
    assert done["nat"]["PREROUTING"][0] == "-j CATTLE_PREROUTING"
    assert done["nat"]["POSTROUTING"][0] == "-j CATTLE_POSTROUTING"
    assert done["filter"]["DOCKER-USER"] == ["-j CATTLE_FORWARD", "-j RETURN"]
    # Docker inserts its own rule before ours when it starts, and somebody adds our jump once more.
    done["nat"]["POSTROUTING"].insert(0, "-s 10.42.1.0/24 ! -o orca0 -j MASQUERADE")
    done["nat"]["POSTROUTING"].append("-j CATTLE_POSTROUTING")
    again = apply(BASE, done)
    assert again["nat"]["POSTROUTING"][0] == "-j CATTLE_POSTROUTING"
    assert again["nat"]["POSTROUTING"].count("-j CATTLE_POSTROUTING") == 1


def test_the_forward_chain_moves_to_docker_user_once_that_exists():
    before_docker = apply(BASE, firewall.parse("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"))
    assert before_docker["filter"]["FORWARD"] == ["-j CATTLE_FORWARD"]
    before_docker["filter"]["DOCKER-USER"] = ["-j RETURN"]
    before_docker["filter"]["FORWARD"].insert(0, "-j DOCKER-USER")
    done = apply(BASE, before_docker)
    assert done["filter"]["FORWARD"] == ["-j DOCKER-USER"]
    assert done["filter"]["DOCKER-USER"][0] == "-j CATTLE_FORWARD"


def test_only_what_differs_is_in_the_transaction():
    observed = apply({**BASE, "ports": {"a": port(8080)}}, firewall.parse(DOCKER))
    wanted = firewall.plan({**BASE, "ports": {"a": port(8080, protocol="udp")}}, observed)
    text = firewall.transaction(wanted, observed)
    assert "*filter" not in text
    assert "-I " not in text


def test_nothing_of_ours_is_left_when_none_is_wanted():
    untouched = firewall.parse(DOCKER)
    assert apply(None, apply({**BASE, "ports": {"a": port(1)}}, untouched)) == untouched
    assert firewall.transaction(firewall.plan(None, untouched), untouched) is None


def test_a_bound_port_wins_over_one_on_every_address():
    rules = firewall.plan({**BASE, "ports": {"a": port(80), "b": port(80, bind="192.0.2.1")}}, {}).chains["nat"]
    assert rules["CATTLE_PREROUTING"][2].startswith("-d 192.0.2.1/32 -p tcp")


@pytest.mark.parametrize(
    "wrong",
    [port(0), port(65536), port(80, private=0), port(80, protocol="icmp"), port(80, address="web"), port(80, bind="x")],
)
def test_wrong_ports_are_refused(wrong):
    with pytest.raises(ValueError):
        firewall.plan({**BASE, "ports": {"a": wrong}}, {})


addresses = st.integers(10, 239).map(lambda number: f"10.42.241.{number}")
ports = st.dictionaries(
    st.uuids().map(str),
    st.builds(
        port,
        st.integers(1, 65535),
        private=st.integers(1, 65535),
        protocol=st.sampled_from(["tcp", "udp"]),
        address=addresses,
        bind=st.sampled_from(["", "192.0.2.1", "127.0.0.1"]),
    ),
    max_size=8,
)
descriptions = st.one_of(st.none(), ports.map(lambda some: {**BASE, "ports": some}))
foreign = st.lists(
    st.tuples(
        st.sampled_from(["PREROUTING", "POSTROUTING", "OUTPUT"]),
        st.sampled_from(["-j DOCKER", "-j CATTLE_PREROUTING", "-j X"]),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(first=descriptions, second=descriptions, meddling=foreign)
def test_every_state_leads_to_the_wanted_one_and_stays(first, second, meddling):
    observed = apply(first, firewall.parse(DOCKER))
    for chain, rule in meddling:
        observed["nat"][chain].insert(0, rule)
    done = apply(second, observed)
    wanted = firewall.plan(second, done)
    assert firewall.transaction(wanted, done) is None
    for table, chains in wanted.chains.items():
        for chain, rules in chains.items():
            assert done[table][chain] == rules
    others = {
        chain: [r for r in rules if "CATTLE" not in r]
        for chain, rules in observed["nat"].items()
        if "CATTLE" not in chain
    }
    assert others == {
        c: [r for r in rules if "CATTLE" not in r] for c, rules in done["nat"].items() if "CATTLE" not in c
    }


@settings(deadline=None)
@given(ports)
def test_udp_targets_are_read_back(some):
    done = apply({**BASE, "ports": some}, {})
    expected = {
        (p["publicPort"], f"{p['address']}:{p['privatePort']}") for p in some.values() if p["protocol"] == "udp"
    }
    assert firewall.udp_ports(done) == expected | {(4500, "10.42.241.2:4500"), (500, "10.42.241.2:500")}
