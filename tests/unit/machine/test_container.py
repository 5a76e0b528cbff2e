# SPDX-License-Identifier: GPL-3.0-or-later
"""How a machine's container is made: capabilities, limits, the cgroup of its own Docker engine."""

import pytest
from ansible_collections.orca.platform.plugins.module_utils.machine import container
from ansible_collections.orca.platform.plugins.module_utils.machine.driver import MachineError


def status(bits: int) -> str:
    return f"Name:\tx\nCapBnd:\t{bits:016x}\n"


def test_all_but_one_capability_of_the_bounding_set():
    have = container.bounding_set(status(0x1FFFEFFFFFF))  # everything except CAP_SYS_RESOURCE
    assert "SYS_RESOURCE" not in have
    assert {"SYS_ADMIN", "NET_ADMIN", "AUDIT_READ"} <= set(have)
    assert "BPF" not in have  # unknown to older engines


def test_a_missing_capability_is_named():
    with pytest.raises(MachineError, match=r"lacks CAP_NET_ADMIN, CAP_SYS_ADMIN$"):
        container.bounding_set(status(0x1FFFFFFFFFF & ~(1 << 12) & ~(1 << 21)))


def test_limits():
    assert container.limits(None, None) == {}
    assert container.limits(512, None) == {"mem_limit": 512, "memswap_limit": 512}
    assert container.limits(None, 1.5) == {"cpu_period": 100_000, "cpu_quota": 150_000}


@pytest.mark.parametrize(
    ("proc_cgroup", "parent"),
    [
        ("9:name=systemd:/docker/abc/init.scope\n4:memory:/docker/abc\n", "/docker/abc/engine"),
        ("9:name=systemd:/docker/abc\n", "/docker/abc/engine"),
        ("0::/init.scope\n", ""),
    ],
)
def test_cgroup_of_the_inner_engine(proc_cgroup, parent):
    assert container.docker_cgroup_parent(proc_cgroup) == parent
