# SPDX-License-Identifier: Apache-2.0
"""Facts about the host, as the server keeps them."""

import os
from typing import Any

from orca import __version__
from orca.wire import Encryption, HostFacts

from . import netlink


def outer_addresses(server: str, announced: str | None = None) -> list[str]:
    """Return the host's outer IPv4 addresses, the one other hosts should use first.

    Args:
        server: the server's name or address; the address from which the host reaches it is the best guess.
        announced: the address the operator gave (``ORCA_AGENT_ADDRESS``), for hosts behind address translation.
    """
    first = [address for address in (announced, netlink.source_towards(server)) if address]
    return list(dict.fromkeys(first + netlink.addresses()))


def gather(info: dict[str, Any], addresses: list[str], encryption: Encryption | None) -> HostFacts:
    """Return the facts; ``info`` is Docker's ``/info``, which describes the host and not the agent's container."""
    return HostFacts(
        hostname=info["Name"],
        addresses=addresses,
        docker_version=info["ServerVersion"],
        kernel=os.uname().release,
        os=info["OperatingSystem"],
        cpu_count=info["NCPU"],
        memory_bytes=info["MemTotal"],
        agent_version=__version__,
        encryption=encryption,
    )


def changed(before: HostFacts, now: HostFacts) -> HostFacts | None:
    """Return only the facts that differ, None when all are the same."""
    pairs = {field: getattr(now, field) for field in HostFacts.__struct_fields__}
    differing = {field: value for field, value in pairs.items() if value != getattr(before, field)}
    return HostFacts(**differing) if differing else None
