# SPDX-License-Identifier: Apache-2.0
"""Wait for what follows from a request without a state of its own to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

LIMIT = 60.0
PAUSE = 0.02


def until(condition: Callable[[], Any]) -> Any:
    """Ask again until a condition holds, and return its value."""
    deadline = time.monotonic() + LIMIT
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(PAUSE)
    return value
