# SPDX-License-Identifier: Apache-2.0
"""A platform in this process for each test."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "unit")]

from inprocess import Platform


@pytest.fixture
async def platform(tmp_path, database):
    async with Platform.start(tmp_path, database) as running:
        yield running
