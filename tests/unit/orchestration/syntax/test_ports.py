# SPDX-License-Identifier: Apache-2.0
"""Published ports as text: their forms, and how many there may be."""

import pytest

from orca.orchestration.containers.api import check_launch
from orca.orchestration.placement.choose import HostFacts, Wanted, choose
from orca.orchestration.syntax import rules as load_balancer_ports
from orca.orchestration.syntax.ports import PortSpec, PortWrongFormat, PublicPort, TooManyPorts, parse, parse_all
from orca.resources.errors import Refused
from orca.resources.limits import PORTS_OF_CONTAINER


def test_forms():
    assert parse("80") == [PortSpec(80)]
    assert parse(":80") == [PortSpec(80)]
    assert parse(" 8080:80/UDP ") == [PortSpec(80, 8080, "udp")]
    assert parse("127.0.0.1:8000-8001:80-81") == [
        PortSpec(80, 8000, "tcp", "127.0.0.1"),
        PortSpec(81, 8001, "tcp", "127.0.0.1"),
    ]


@pytest.mark.parametrize(
    "text", ["", "x", "80:80:80:80", "1" * 1_000_000, "80/" + "x" * 1_000_000, "0", "65536", "9-8", "1-2:1-3", "h:1:1"]
)
def test_what_is_no_port(text):
    with pytest.raises(PortWrongFormat):
        parse(text)


@pytest.mark.parametrize(
    "texts",
    [["1-65535:1-65535"], ["1-65535"], ["1-700:1-700", "1001-1700:1-700"], [str(port) for port in range(1, 2000)]],
)
def test_more_than_a_container_may_have_are_not_even_made(texts):
    with pytest.raises(TooManyPorts, match=f"at most {PORTS_OF_CONTAINER} ports; publish fewer"):
        parse_all(texts * 1000)


def test_the_refusal_names_the_field():
    with pytest.raises(Refused) as refused:
        check_launch({"imageUuid": "docker:x", "ports": ["1-65535:1-65535"]})
    assert (refused.value.code, refused.value.field, refused.value.status) == ("MaxLimitExceeded", "ports", 422)
    with pytest.raises(Refused):
        load_balancer_ports.listeners({"ports": [f"{first}-{first + 999}" for first in (1, 2000, 3000)]})


def test_as_many_as_may_be_are_compared_with_each_other_once():
    """Linear: the number of comparisons is that of the ports. Counted, not timed."""
    texts = [f"{port}:80" for port in range(1, PORTS_OF_CONTAINER + 1)]
    check_launch({"imageUuid": "docker:x", "ports": texts})
    compared = 0

    class Counted(PublicPort):
        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return super().__eq__(other)

        __hash__ = PublicPort.__hash__

    wanted = Wanted(tuple(Counted(port) for port in range(1, 1025)))
    held = {Counted(port): "other" for port in range(2001, 3025)}
    assert choose(wanted, [HostFacts(1, "h", "active", held=held)]).host_id == 1
    assert compared < 5000


def test_a_port_twice():
    for texts in (["80:1", "80:2"], ["80:1", "127.0.0.1:80:1"], ["127.0.0.1:80:1", "80:1"]):
        with pytest.raises(Refused, match="published twice"):
            check_launch({"imageUuid": "docker:x", "ports": texts})
    check_launch({"imageUuid": "docker:x", "ports": ["127.0.0.1:80:1", "127.0.0.2:80:1", "80:1/udp"]})
