# SPDX-License-Identifier: Apache-2.0
"""Changes of containers, in the form of the lines of ``simulated.jsonl``."""

from __future__ import annotations

from typing import Literal

import msgspec


class Change(msgspec.Struct, omit_defaults=True, rename="camel"):
    """One change of a container. ``at`` is in UTC milliseconds; only ``create`` uses the last block of fields.

    ``uuid`` is the instance's; a container that somebody made by hand has its external id there.
    """

    do: Literal["create", "start", "stop", "remove"]
    uuid: str
    at: int
    exit_code: int = 0

    agent: int = 0
    external_id: str = ""
    name: str = ""
    image: str = ""
    address: str | None = None
    fixed: bool = True
    """True if the container keeps its address while it does not run."""
    network_mode: str = ""
    policy: str = ""
    """The restart policy; ``retries`` is the most restarts that it allows."""
    retries: int = 0
    labels: dict[str, str] = {}
