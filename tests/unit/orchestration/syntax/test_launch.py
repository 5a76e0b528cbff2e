# SPDX-License-Identifier: Apache-2.0
"""Values of a launch config that no engine would take are refused, with their field."""

from __future__ import annotations

import pytest

from orca.orchestration.syntax import launch
from orca.resources.errors import Refused

FITTING = {
    "dns": ["192.0.2.53", "2001:db8::1"],
    "dnsSearch": ["example.org", "."],
    "domainName": "example.org",
    "extraHosts": ["db:192.0.2.7", "db6:2001:db8::1", "me:host-gateway"],
    "devices": ["/dev/null", "/dev/null:/dev/zero", "/dev/null:/dev/zero:rw"],
    "cpuSet": "0-2,5",
    "memory": 100,
    "memorySwap": 100,
}


def test_what_an_engine_takes_is_taken() -> None:
    launch.check(FITTING)
    launch.check(dict.fromkeys(FITTING))
    launch.check({"memorySwap": -1})
    launch.check({"memorySwap": 0})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dns", ["ns.example.org"]),
        ("dns", ["192.0.2.53\noptions debug"]),
        ("dns", ["fe80::1%eth0"]),
        ("dnsSearch", ["a\nnameserver 192.0.2.1"]),
        ("dnsSearch", ["a b"]),
        ("domainName", "a b"),
        ("extraHosts", ["db"]),
        ("extraHosts", ["db:elsewhere"]),
        ("extraHosts", [":192.0.2.7"]),
        ("devices", ["null"]),
        ("devices", ["/dev/null:zero"]),
        ("devices", ["/dev/null:/dev/zero:rx"]),
        ("cpuSet", "all"),
        ("cpuSet", "0,"),
        ("memorySwap", 5),
        ("memorySwap", -2),
    ],
)
def test_what_none_takes_is_refused(field: str, value: object) -> None:
    with pytest.raises(Refused) as caught:
        launch.check({field: value})
    assert (caught.value.code, caught.value.field) == ("InvalidFormat", field)


def test_swap_is_at_least_memory() -> None:
    with pytest.raises(Refused):
        launch.check({"memory": 100, "memorySwap": 99})
