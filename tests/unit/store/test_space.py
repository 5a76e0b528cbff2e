# SPDX-License-Identifier: Apache-2.0
"""A full disk: what is written is refused in words, what is there can be read, and it ends when there is room."""

import itertools
import logging

import pytest

from orca.store import NoSpace, sqlite

NUMBERS = itertools.count()


@pytest.fixture
def little_room(monkeypatch):
    """SQLite finds the disk full once the database has so many pages."""
    monkeypatch.setattr(sqlite, "PRAGMAS", (*sqlite.PRAGMAS, "PRAGMA max_page_count=150"))


def fill(tx):
    tx.insert("thing", name=f"{next(NUMBERS)} {'x' * 20_000}")


@pytest.mark.usefixtures("little_room")
async def test_a_full_disk_is_told_once_and_reading_goes_on(db, caplog):
    with caplog.at_level(logging.WARNING):
        with pytest.raises(NoSpace, match="free some space"):
            for _ in range(1000):
                await db.write(fill)
        assert db.full
        kept = await db.read(lambda tx: tx.count("thing"))
        assert kept > 0
        for _ in range(3):
            with pytest.raises(NoSpace):
                await db.write(fill)
        assert await db.read(lambda tx: tx.count("thing")) == kept
        await db.write(lambda tx: tx.count("thing"))
        assert db.full, "a unit that writes nothing says nothing of it"
        await db.write(lambda tx: tx.connection.exec_driver_sql("PRAGMA max_page_count=100000"))
        await db.write(fill)
        assert not db.full
    assert [record.levelname for record in caplog.records if record.name == "orca.store.space"] == ["ERROR", "WARNING"]


async def test_other_errors_are_what_they_are(db):
    def wrong(tx):
        tx.connection.exec_driver_sql("SELECT nonsense")

    with pytest.raises(Exception, match="no such column"):
        await db.write(wrong)
    assert not db.full
