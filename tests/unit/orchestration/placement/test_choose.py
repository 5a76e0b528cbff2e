# SPDX-License-Identifier: Apache-2.0
"""Placement: spread, constraints, and a reason for every refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.placement.choose import HostFacts, NoHost, Published, Wanted, choose
from orca.orchestration.syntax.ports import ANY, PublicPort


def host(number: int, **facts) -> HostFacts:
    return HostFacts(id=number, name=f"h{number}", **{"state": "active", **facts})


def test_fewest_containers_win():
    assert choose(Wanted(), [host(1, containers=3), host(2, containers=1)]).host_id == 2


def test_a_service_spreads_before_load_counts():
    assert choose(Wanted(), [host(1, containers=0, of_service=1), host(2, containers=9)]).host_id == 2


def test_a_taken_port_names_its_holder():
    held = {PublicPort(80): "shop_web_1"}
    with pytest.raises(NoHost, match="h1: port 80/tcp is used by shop_web_1"):
        choose(Wanted(ports=(PublicPort(80),)), [host(1, held=held)])


def test_a_free_host_is_taken_and_the_refusal_is_told():
    hosts = [host(1, held={PublicPort(80): "lb_1"}), host(2, containers=50)]
    placement = choose(Wanted(ports=(PublicPort(80),)), hosts)
    assert placement.host_id == 2
    assert placement.refused == {"h1": "port 80/tcp is used by lb_1"}


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (PublicPort(80), PublicPort(80), True),
        (PublicPort(80), PublicPort(80, "udp"), False),
        (PublicPort(80), PublicPort(81), False),
        (PublicPort(80, bind="192.0.2.1"), PublicPort(80), True),
        (PublicPort(80, bind="192.0.2.1"), PublicPort(80, bind="192.0.2.2"), False),
    ],
)
def test_clashes(one: PublicPort, other: PublicPort, clash: bool):
    assert (Published({one: "x"}).holder(other) is not None) is clash
    assert (Published({other: "x"}).holder(one) is not None) is clash


@pytest.mark.parametrize("state", ["inactive", "deactivating", "removing"])
@pytest.mark.parametrize("wanted", [Wanted(), Wanted(requested_host_id=1), Wanted(beside=frozenset({1}))])
def test_a_host_that_is_not_active_takes_nothing_even_when_named(wanted: Wanted, state: str):
    with pytest.raises(NoHost, match=f"h1: is {state}"):
        choose(wanted, [host(1, state=state)])


def test_a_host_to_avoid_says_why():
    with pytest.raises(NoHost, match="h1: its agent is not connected") as error:
        choose(Wanted(), [host(1, avoid="its agent is not connected"), host(2, state="inactive")])
    assert error.value.later == (1,)


def test_no_host_at_all():
    with pytest.raises(NoHost, match="there is no host"):
        choose(Wanted(), [])


_PORTS = st.sampled_from([PublicPort(80), PublicPort(80, bind="192.0.2.1"), PublicPort(81, "udp"), PublicPort(81)])
_HOSTS = st.lists(
    st.builds(
        HostFacts,
        id=st.integers(1, 50),
        name=st.uuids().map(str),
        state=st.sampled_from(["active", "inactive", "removing"]),
        containers=st.integers(0, 9),
        of_service=st.integers(0, 3),
        held=st.dictionaries(_PORTS, st.just("x"), max_size=2),
    ),
    max_size=6,
    unique_by=lambda facts: facts.id,
)


@given(hosts=_HOSTS, ports=st.lists(_PORTS, max_size=2))
def test_the_chosen_host_always_fits(hosts: list[HostFacts], ports: list[PublicPort]):
    wanted = Wanted(tuple(ports))

    def clash(p: PublicPort, q: PublicPort) -> bool:
        same = (p.port, p.protocol) == (q.port, q.protocol)
        return same and (p.bind == q.bind or ANY in (p.bind, q.bind))

    fits = [h for h in hosts if h.state == "active" and not any(clash(p, q) for p in ports for q in h.held)]
    try:
        chosen = choose(wanted, hosts)
    except NoHost as error:
        assert not fits
        assert set(error.refused) == {h.name for h in hosts}
    else:
        assert chosen.host_id in {h.id for h in fits}
        assert len(chosen.refused) + len(fits) == len(hosts)


def test_the_wildcard_is_not_shown():
    assert str(PublicPort(53, "udp")) == "53/udp"
    assert str(PublicPort(53, "udp", "192.0.2.1")) == "192.0.2.1:53/udp"
    assert PublicPort(1).bind == ANY
