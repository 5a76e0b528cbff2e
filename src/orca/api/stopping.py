# SPDX-License-Identifier: Apache-2.0
"""End the server's process in time, even if threads still run."""

from __future__ import annotations

import logging
import os
import threading

log = logging.getLogger(__name__)

LIMIT = 8.0
"""Seconds from SIGTERM to the end of the process: less than the ten that Docker waits before it kills."""


def end_in_time(status: int) -> None:
    """End the process ``LIMIT`` seconds from now, with that exit status, if it has not ended until then.

    A thread cannot be stopped: a unit, or the reading of a text, may take longer. Uncommitted work is rolled back, as
    after a loss of power, and no caller was told that it was done.
    """
    timer = threading.Timer(LIMIT, _end, [status])
    timer.daemon = True
    timer.start()


def _end(status: int) -> None:
    log.error("work was still under way %d s after the signal to stop: it is rolled back", LIMIT)
    logging.shutdown()
    os._exit(status)
