# SPDX-License-Identifier: Apache-2.0
"""Wait for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], within: float, what: str, every: float = 0.1) -> T:
    """The first truthy value of `condition`, asked every `every` seconds for at most `within` seconds.

    Raises AssertionError naming `what` and the last value, or the last error, when the time is up.
    """
    end = time.monotonic() + within
    last: object = None
    while True:
        try:
            last = value = condition()
            if value:
                return value
        except (AssertionError, OSError, LookupError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {within} s; last seen: {last!r}")
        time.sleep(every)


def settles(condition: Callable[[], object], for_: float, within: float, what: str, every: float = 0.5) -> None:
    """Wait until `condition` has been truthy for `for_` seconds in a row.

    Raises AssertionError naming `what` if no such stretch begins in `within` seconds.
    """

    def holds() -> bool:
        end = time.monotonic() + for_
        while time.monotonic() < end:
            assert condition(), f"{what}: did not hold for {for_} s"
            time.sleep(every)
        return True

    until(holds, within, what, every)
