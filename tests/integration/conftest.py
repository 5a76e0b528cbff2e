# SPDX-License-Identifier: Apache-2.0
"""Databases: a server of each kind that is wanted, for the whole run; an empty database for each test.

Suites that are about something else than the store run on SQLite, or on the kind that ``ORCA_TEST_DATABASE`` names.
"""

import contextlib
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from databases import SERVERS

KIND = os.environ.get("ORCA_TEST_DATABASE", "sqlite")


@pytest.fixture(scope="session")
def servers():
    """The servers by kind, each started when first wanted."""
    with contextlib.ExitStack() as running:
        started = {}

        def get(kind):
            if kind not in started:
                started[kind] = running.enter_context(SERVERS[kind]())
            return started[kind]

        yield get


@pytest.fixture(scope="session")
def empty_database(servers):
    """Makes an empty database of the chosen kind, for a block; SQLite's lies in the folder."""

    def make(folder):
        if KIND == "sqlite":
            return contextlib.nullcontext(f"sqlite:///{folder / 'orca.db'}")
        return servers(KIND).database()

    return make


@pytest.fixture
def database(empty_database, tmp_path):
    """The test's own database."""
    with empty_database(tmp_path) as url:
        yield url
