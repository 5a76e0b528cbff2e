# SPDX-License-Identifier: Apache-2.0
"""A database in a file of its own, and a disk that is full on demand."""

import sqlite3
import sys
import threading
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent)]

from things import build

from orca.store import Database, driver


@pytest.fixture
async def db(tmp_path):
    database = await Database.open(f"sqlite:///{tmp_path / 'test.db'}", build())
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
