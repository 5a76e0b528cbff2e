# SPDX-License-Identifier: Apache-2.0
"""What a container asks of the simulator: words in its name or its data, as JSON text."""

from __future__ import annotations

import re
from dataclasses import dataclass

FORGET = "simForgetImmediately"
DISCONNECT = "simDisconnectAgent"
_SHUTDOWN = re.compile(r'simShutdownAfter"\s*[:,]\s*"?(\d+(?:\.\d+)?)')
_ANOTHER = re.compile(r"simCreateAnother_([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Triggers:
    """``shutdown_after``: seconds until it ends by itself; ``another``: the external id of a container made by hand."""

    forget: bool
    disconnect: bool
    shutdown_after: float | None
    another: str | None


def read(text: str) -> Triggers:
    """The triggers in a container's JSON."""
    shutdown, another = _SHUTDOWN.search(text), _ANOTHER.search(text)
    return Triggers(
        forget=FORGET in text,
        disconnect=DISCONNECT in text,
        shutdown_after=float(shutdown[1]) if shutdown else None,
        another=another[1] if another else None,
    )


def fails(event: str, text: str) -> bool:
    """Whether this event is to be answered with an error."""
    return f"{event}::fail" in text
