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
LONGEST = (
    "crash/test_crash.py",
    "store/test_migrations.py",
    "orchestration/test_server.py",
    "api/test_lost_keys.py",
    "engine/test_kill.py",
    "api/test_process.py",
    "orchestration/test_agents_of_others.py",
    "store/test_backup.py",
    "store/test_hold.py",
    "store/test_releases.py",
    "access/test_needs.py",
    "access/test_rights.py",
    "identity/test_members.py",
)
"""The files that take longest, 20 s to a minute on an idle machine. They begin first, or one would run alone at the end
while the other processes have nothing left to do (``pytest --dist loadfile --no-loadscope-reorder``).
"""


def pytest_collection_modifyitems(items):
    """Put the longest files first."""
    here = Path(__file__).parent
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


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
