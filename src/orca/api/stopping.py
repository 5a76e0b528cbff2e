# SPDX-License-Identifier: Apache-2.0
"""The end of the server's process, whatever still runs in it."""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger(__name__)

LIMIT = 8.0
"""Seconds from SIGTERM to the end of the process: less than the ten that Docker waits before it kills."""


def end_in_time(status: int) -> None:
    """End the process ``LIMIT`` seconds from now, with that exit status, if it has not ended until then.

    A thread cannot be stopped: a unit, or a text that is being read, may go on for longer. What was not committed is
    rolled back, as after a loss of power, and nobody was told that it was done.
    """
    timer = threading.Timer(LIMIT, _end, [status])
    timer.daemon = True
    timer.start()


def _end(status: int) -> None:
    log.error("work was still under way %d s after the server was told to stop: it is rolled back", LIMIT)
    logging.shutdown()
    os._exit(status)
