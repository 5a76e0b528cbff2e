# SPDX-License-Identifier: Apache-2.0
"""Faults by what users of simulated agents write: words in a container's name or in its data."""

from __future__ import annotations

import re

from orca.simulator.faults.faults import Faults

VANISH = "simForgetImmediately"
SILENCE = "simDisconnectAgent"
_FAIL = re.compile(r'simUnhealthyAfter"\s*[:,]\s*"?(\d+(?:\.\d+)?)')
_END = re.compile(r'simShutdownAfter"\s*[:,]\s*"?(\d+(?:\.\d+)?)')
_ANOTHER = re.compile(r"simCreateAnother_([\w.-]+)")


def by_words(event: str, text: str) -> Faults:
    """The faults of the command ``event`` about a container, whose JSON is ``text``."""
    end, fail, another = _END.search(text), _FAIL.search(text), _ANOTHER.search(text)
    return Faults(
        refused=f"{event}::fail" in text,
        ends_after=int(float(end[1]) * 1000) if end else None,
        fails_after=int(float(fail[1]) * 1000) if fail else None,
        vanishes=VANISH in text,
        another=another[1] if another else None,
        silences=SILENCE in text,
    )
