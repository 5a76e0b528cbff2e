# SPDX-License-Identifier: Apache-2.0
"""Connections that the server ended or refused: counted for the metrics, and logged without flooding the log."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

log = logging.getLogger(__name__)

REASONS = {
    "handshake": "TLS was not agreed on in time",
    "head": "a request's headers did not come in time",
    "body": "a request's body did not come in time",
    "address": "too many strangers from one address",
    "strangers": "too many strangers",
    "key": "too many connections with one key",
    "full": "no descriptor was free for others",
    "refused": "no descriptor was free, and nobody could be cut off",
}
PERIOD = 10.0
"""Seconds between two lines of the log."""
NAMED = 5
"""Most addresses that a line names."""


class Cuts:
    """Counts by reason. The first cut is logged at once, later ones together."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self._untold: Counter[tuple[str, str]] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, reason: str, address: str) -> None:
        """Count a cut for one of ``REASONS``."""
        self.total[reason] += 1
        self._untold[reason, address] += 1
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        self._timer = None
        if not self._untold:
            return
        for reason, words in REASONS.items():
            found = Counter({address: number for (why, address), number in self._untold.items() if why == reason})
            if found:
                named = ", ".join(address for address, _ in found.most_common(NAMED))
                more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
                log.warning("connections cut off: %d from %s%s: %s", found.total(), named, more, words)
        self._untold.clear()
        self._timer = asyncio.get_running_loop().call_later(PERIOD, self._tell)
