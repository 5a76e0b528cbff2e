# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the harness and the cases importable, and gives a test a host of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


@pytest.fixture
def root() -> Iterator[Path]:
    """The root of a pretended host."""
    from harness.host import fresh_root

    with fresh_root() as folder:
        yield folder
