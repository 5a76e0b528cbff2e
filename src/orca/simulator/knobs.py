# SPDX-License-Identifier: Apache-2.0
"""The knobs of a simulated agent: what its row asks it to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

SCHEME = "sim://"
KEY = "io.cattle.platform.agent.connection.simulator.AgentConnectionSimulator"
"""The key of the knobs in the agent's ``data``."""


class Knobs(msgspec.Struct, frozen=True, rename="camel"):
    """The knobs of one agent. ``hosts``: their number. ``delay``: milliseconds before each answer.

    ``memory`` is in bytes, ``milli_cpu`` in thousandths of a core. ``external_id`` is the uuid of the first host and of
    the physical host. ``agent_resources_account_id`` is the project of the hosts: a number, or an id of the API.
    ``checks``: whether the hosts check the health of containers.
    """

    hosts: int = 1
    storage_pools_per_host: int = 1
    add_physical_host: bool = True
    external_id: str | None = None
    ip_address: str = "192.168.0.21"
    milli_cpu: int | None = None
    memory: int | None = None
    local_storage_mb: int | None = None
    agent_resources_account_id: int | str | None = None
    delay: int = 0
    checks: bool = False


class BadKnobs(ValueError):
    """The knobs do not have the documented form; the message names the key."""


def is_simulated(uri: str | None) -> bool:
    """True if an agent with this uri is a simulated one."""
    return bool(uri) and str(uri).startswith(SCHEME)


def read(data: Mapping[str, Any]) -> Knobs:
    """The knobs in an agent's ``data``. Raises ``BadKnobs``."""
    try:
        knobs = msgspec.convert(data.get(KEY) or {}, Knobs, strict=False)
    except msgspec.ValidationError as error:
        raise BadKnobs(f"{KEY}: {error}") from error
    if not 0 <= knobs.hosts <= 1000 or not 0 <= knobs.storage_pools_per_host <= 10 or not 0 <= knobs.delay <= 3_600_000:
        raise BadKnobs(f"{KEY}: hosts up to 1000, storagePoolsPerHost up to 10, delay up to 3600000 (ms)")
    return knobs
