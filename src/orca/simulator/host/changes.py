# SPDX-License-Identifier: Apache-2.0
"""What happens to containers, as the lines of ``simulated.jsonl`` have it."""

from __future__ import annotations

from typing import Literal

import msgspec


class Change(msgspec.Struct, omit_defaults=True, rename="camel"):
    """One change of a container. ``at`` is in UTC milliseconds; the last block belongs to ``create``.

    ``uuid`` is the instance's, and the external id where somebody made the container by hand.
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
    """Whether the address is the container's own, also while it does not run."""
    policy: str = ""
    """Of restarts, and how many there may be."""
    retries: int = 0
    labels: dict[str, str] = {}
