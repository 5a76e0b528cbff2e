# SPDX-License-Identifier: Apache-2.0
"""Every kind of database, an empty one for each test."""

import sqlite3
import sys
import threading
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "unit" / "store")]

from databases import SERVERS
from things import build

from orca.store import Database, driver


@pytest.fixture(params=["sqlite", *SERVERS])
def url(request, servers, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    with servers(request.param).database() as made:
        yield made


@pytest.fixture(params=["sqlite", *SERVERS])
def options(request, servers):
    """Options of the server for the database."""
    if request.param == "sqlite":
        yield ()
        return
    with servers(request.param).database() as url:
        yield ("--database", url)


@pytest.fixture
async def db(url):
    database = await Database.open(url, build())
    yield database
    await database.close()


@pytest.fixture
def full_disk(monkeypatch):
    """While this event is set, no COMMIT succeeds."""
    full = threading.Event()
    run = driver.run

    def checked(connection, text, values=()):
        if text == "COMMIT" and full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return run(connection, text, values)

    monkeypatch.setattr(driver, "run", checked)
    return full
