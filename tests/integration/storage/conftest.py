# SPDX-License-Identifier: Apache-2.0
"""A platform in this process for each test, with one host."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from inprocess import Platform
from pretended import PretendedHost


@pytest.fixture
async def platform(tmp_path, database):
    async with Platform.start(tmp_path, database) as running:
        yield running


@pytest.fixture
async def agent(platform):
    return await platform.join(PretendedHost("h1", "192.0.2.1"))
