# SPDX-License-Identifier: Apache-2.0
"""Faults by a word anywhere in an image's name: for tests, which choose the images that they use."""

from __future__ import annotations

from orca.simulator.faults.faults import Faults

SLOW = 300
CRASHED = 3
"""The exit code of ``crash``."""


def by_image(image: str) -> Faults:
    """``missing``: no registry has it; ``hang``, ``slow``: its pull is so; ``crash``: its containers end at once;
    ``sick``: they fail their checks.
    """
    return Faults(
        missing="missing" in image,
        hangs="hang" in image,
        pull=SLOW if "slow" in image else 0,
        ends_after=0 if "crash" in image else None,
        exit_code=CRASHED,
        fails_after=0 if "sick" in image else None,
    )
