# SPDX-License-Identifier: Apache-2.0
"""Units of one server and of two at once: nothing is lost, nothing is announced out of order."""

import asyncio
import contextlib
import os
import signal
import threading
import uuid

import pytest
import sqlalchemy as sa
from databases import postgresql
from things import build

from orca.store import CannotOpen, Database, NotUnique, Prepared, adding, backends, driver
from orca.store.prepared import rows_of


@pytest.fixture
async def other(db):
    """A second server on the same database."""
    if db.engine.dialect.name == "sqlite":
        pytest.skip("one server alone works on an SQLite file")
    database = await Database.open(db.engine.url.render_as_string(hide_password=False), build())
    yield database
    await database.close()


async def until(changes, count):
    """So many changes, as they come."""
    found = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += await changes.batch()
    return found


def increase(id):
    def unit(tx):
        row = tx.require("box", id)
        tx.update(row, size=(row.size or 0) + 1, labels={**(row.labels or {}), str(row.size): "x"})

    return unit


def next_in(id):
    """Count the things in a box, and add one."""

    def unit(tx):
        number = tx.count("thing", ownerId=id)
        tx.insert("thing", ownerId=id)
        return number

    return unit


async def test_a_unit_sees_all_before_it(db):
    box = await db.write(lambda tx: tx.insert("box", name="a"))
    assert sorted(await asyncio.gather(*(db.write(next_in(box.id)) for _ in range(20)))) == list(range(20))


async def test_a_unit_sees_all_before_it_also_of_another_server(db, other):
    box = await db.write(lambda tx: tx.insert("box", name="a"))
    seen = await asyncio.gather(*((db, other)[n % 2].write(next_in(box.id)) for n in range(40)))
    assert sorted(seen) == list(range(40))


async def test_no_update_is_lost(db):
    made = await db.write(lambda tx: tx.insert("box", name="a"))
    await asyncio.gather(*(db.write(increase(made.id)) for _ in range(60)))
    seen = await db.read(lambda tx: tx.get("box", made.id))
    assert (seen.size, len(seen.labels)) == (60, 60)


async def test_no_update_of_two_servers_is_lost(db, other):
    made = await db.write(lambda tx: tx.insert("box", name="a"))
    await asyncio.gather(*((db, other)[n % 2].write(increase(made.id)) for n in range(60)))
    assert (await other.read(lambda tx: tx.get("box", made.id))).size == 60


async def test_what_two_units_take_at_once_is_taken_by_one(db):
    def take(tx):
        taken = {row[0] for row in tx.values("box", "name")}
        return tx.insert("box", name=next(f"{n:03}" for n in range(100) if f"{n:03}" not in taken)).name

    names = await asyncio.gather(*(db.write(take) for _ in range(40)), return_exceptions=True)
    got = [name for name in names if isinstance(name, str)]
    assert len(set(got)) == len(got)
    assert all(isinstance(name, str | NotUnique) for name in names)


async def test_two_servers_hear_the_same_in_the_same_order(db, other):
    with db.bus.subscribe() as here, other.bus.subscribe() as there:
        await asyncio.gather(
            *((db, other)[n % 2].write(lambda tx, n=n: tx.insert("box", name=str(n))) for n in range(80))
        )
        first, second = await asyncio.gather(until(here, 80), until(there, 80))
    assert first == second
    assert [change.seq for change in first] == list(range(first[0].seq, first[0].seq + 80))


async def test_a_reader_sees_one_instant(db):
    made = await db.write(lambda tx: tx.insert("box", name="a", ownerId=1))
    loop = asyncio.get_running_loop()

    def look(tx):
        before = tx.count("box", ownerId=1)
        asyncio.run_coroutine_threadsafe(db.write(lambda tx: tx.update(made, ownerId=2)), loop).result(10)
        return before, tx.count("box", ownerId=1)

    assert await db.read(look) == (1, 1)
    assert await db.read(lambda tx: tx.count("box", ownerId=1)) == 0


async def test_a_reader_of_nothing_leaves_nothing_behind(db):
    await asyncio.gather(*(db.read(lambda tx: None) for _ in range(8)))
    await db.write(lambda tx: tx.insert("box", name="a"))
    assert await asyncio.gather(*(db.read(lambda tx: tx.count("box")) for _ in range(8))) == [1] * 8


async def test_text_is_compared_byte_by_byte(db):
    names = ["a", "B", "A", "a ", "ä", "\U0001f433"]
    await asyncio.gather(*(db.write(lambda tx, name=name: tx.insert("box", name=name)) for name in names))
    for name in names:
        assert await db.read(lambda tx, name=name: [row.name for row in tx.find("box", name=name)]) == [name]
    column = build()["box"].table.c.name
    ordered = await db.read(
        lambda tx: [row.name for row in tx.rows("box", tx.query("box").order_by(None).order_by(column))]
    )
    assert ordered == sorted(names, key=str.encode)


async def test_long_text_is_kept(db):
    text = "x" * 300_000
    made = await db.write(lambda tx: tx.insert("box", name="a", labels={"long": text}))
    assert (await db.read(lambda tx: tx.get("box", made.id))).labels == {"long": text}


def cut(other):
    """End all connections to the database but one of this server."""
    with other.engine.connect() as connection:
        if other.engine.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
            )
            return
        found = connection.exec_driver_sql(
            "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
        )
        for (id,) in found.all():
            connection.exec_driver_sql(f"KILL {id}")


async def test_connections_that_were_cut_are_opened_anew(db, other):
    made = await db.write(lambda tx: tx.insert("box", name="a"))
    cut(other)
    assert (await db.read(lambda tx: tx.get("box", made.id))).name == "a"
    await asyncio.gather(*(db.write(increase(made.id)) for _ in range(8)))
    assert (await db.read(lambda tx: tx.get("box", made.id))).size == 8


async def test_readers_whose_connections_were_all_cut_read_on(db, other):
    together = threading.Barrier(4, timeout=20)

    def occupy(tx):
        tx.count("box")
        together.wait()

    for query in (lambda tx: tx.count("box"), lambda tx: len(list(tx.execute(sa.select(tx.table("box")))))):
        await asyncio.gather(*(db.read(occupy) for _ in range(together.parties)))
        cut(other)
        assert await db.read(query) == 0


async def test_a_unit_that_waits_for_nothing_is_run_again_on_a_new_connection(db, other):
    def put(value):
        return lambda tx: tx.send(adding(tx.table("tally")), {"root": "box", "value": value, "number": 1})

    await db.write(put(1))
    cut(other)
    await db.write(put(2))
    values = sa.select(sa.column("value")).select_from(sa.table("tally"))
    assert sorted(await db.read(lambda tx: list(tx.execute(values).scalars()))) == [1, 2]


async def test_a_unit_that_overlooks_the_loss_of_its_connection_is_run_again_as_a_whole(db, other):
    lost = []

    def unit(tx):
        tx.insert("box", name="a")
        if not lost:
            lost.append(True)
            cut(other)
            with contextlib.suppress(sa.exc.DBAPIError):
                tx.count("box")
        tx.insert("box", name="b")

    with db.bus.subscribe() as changes:
        await db.write(unit)
        heard = await until(changes, 2)
    assert [row.name for row in await db.read(lambda tx: tx.find("box"))] == ["a", "b"]
    assert len(heard) == 2


async def test_a_unit_that_loses_its_connection_each_time_fails_alone(db, other):
    def fatal(tx):
        tx.insert("box", name="fatal")
        cut(other)
        tx.count("box")

    def unit(n):
        return fatal if n == 3 else lambda tx: tx.insert("box", name=f"{n}").id

    results = await asyncio.gather(*(db.write(unit(n)) for n in range(8)), return_exceptions=True)
    assert [n for n, result in enumerate(results) if isinstance(result, sa.exc.DBAPIError)] == [3]
    made = sorted(result for result in results if isinstance(result, int))
    assert [row.id for row in await db.read(lambda tx: tx.find("box"))] == made
    assert len(made) == 7


async def test_a_server_that_hangs_after_its_commit_keeps_nobody_out(db, other, monkeypatch):
    committed, go_on, run = threading.Event(), threading.Event(), driver.run

    def hang(connection, text, values=()):
        done = run(connection, text, values)
        if text == "COMMIT" and connection.engine is db.engine:
            committed.set()
            go_on.wait(20)
        return done

    monkeypatch.setattr(driver, "run", hang)
    hung = asyncio.create_task(db.write(lambda tx: tx.insert("box", name="a")))
    try:
        assert await asyncio.to_thread(committed.wait, 20)
        async with asyncio.timeout(10):
            await other.write(lambda tx: tx.insert("box", name="b"))
    finally:
        go_on.set()
    await hung


async def test_what_others_write_is_told_while_units_without_events_follow_each_other(db, other):
    with db.bus.subscribe() as changes:
        made = await other.write(lambda tx: tx.insert("box", name="a"))
        async with asyncio.timeout(20):
            while not len(changes):
                await db.write(lambda tx: tx.count("box"))
        assert [change.id for change in await changes.batch()] == [made.id]


async def test_more_statements_than_a_connection_keeps_are_prepared_anew(db, monkeypatch):
    monkeypatch.setattr("orca.store.pipeline.STATEMENTS", 4)
    selects = [(Prepared(sa.select(sa.literal_column(f"{n}"))), {}) for n in range(9)]
    made = await db.write(lambda tx: tx.insert("box", name="a"))

    def taken(tx):
        return tx.insert("box", name="b", uuid=made.uuid)

    for _ in range(2):
        found = await asyncio.gather(
            db.write(lambda tx: rows_of(tx.connection, selects)),
            db.write(taken),
            db.write(lambda tx: rows_of(tx.connection, selects[::-1])),
            return_exceptions=True,
        )
        assert found[0] == [[(n,)] for n in range(9)]
        assert isinstance(found[1], NotUnique)
        assert found[2] == found[0][::-1]


async def test_a_postgresql_that_sorts_by_language_is_refused(servers):
    server = servers("postgresql")
    server.run("CREATE DATABASE spoken TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        url = server.engine.url.set(database="spoken").render_as_string(hide_password=False)
        with pytest.raises(CannotOpen, match="CREATE DATABASE"):
            await Database.open(url, build())
    finally:
        server.run("DROP DATABASE spoken WITH (FORCE)")


async def test_an_absent_server_is_told_without_the_password():
    with pytest.raises(CannotOpen) as refused:
        await Database.open("postgresql://me:secret@127.0.0.1:1/db", build())
    assert "127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert backends.SCHEMES.keys() >= {"mysql", "mariadb"}


def uncounted(tx):
    """A statement that nobody waits for, and that fails: a key twice."""
    row = {"root": "box", "value": 1, "number": 1}
    for _ in range(2):
        tx.send(adding(tx.table("tally")), row)


async def test_a_write_that_fails_late_is_the_error_of_its_unit_alone(db):
    def unit(n):
        return uncounted if n % 5 == 2 else lambda tx: tx.insert("box", name=f"{n}").id

    with db.bus.subscribe() as changes:
        results = await asyncio.gather(*(db.write(unit(n)) for n in range(20)), return_exceptions=True)
        heard = await until(changes, 16)
    assert [n for n, result in enumerate(results) if isinstance(result, sa.exc.IntegrityError)] == [2, 7, 12, 17]
    made = sorted(result for result in results if isinstance(result, int))
    assert [row.id for row in await db.read(lambda tx: tx.find("box"))] == made
    assert sorted(change.id for change in heard) == made
    assert [change.seq for change in heard] == list(range(heard[0].seq, heard[0].seq + 16))


async def test_an_integer_too_large_is_refused_alone(db):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("its integers have no size of their own")
    box = await db.write(lambda tx: tx.insert("box", name="a"))
    results = await asyncio.gather(
        db.write(lambda tx: tx.update(box, ownerId=2**40)),
        db.write(lambda tx: tx.insert("box", name="b")),
        return_exceptions=True,
    )
    assert isinstance(results[0], sa.exc.DataError)
    assert [row.name for row in await db.read(lambda tx: tx.find("box"))] == ["a", "b"]


async def test_a_killed_postgresql_loses_nothing_that_it_acknowledged():
    with postgresql(durable=True) as server, server.database() as url:
        db = await Database.open(url, build())
        try:
            with db.bus.subscribe() as changes:
                acknowledged = await keep_writing(db, kills=3)
                last = await written(db, lambda tx: tx.insert("box", name="last"))
                heard = []
                while not heard or heard[-1].id != last.id:
                    heard += await asyncio.wait_for(changes.batch(), 20)
            there = {row.id for row in await db.read(lambda tx: tx.find("box"))}
            assert acknowledged <= there
            # Also of what was written although nobody could be told.
            assert [change.id for change in heard] == sorted(there, key=[change.id for change in heard].index)
            assert {change.id for change in heard} == there
            numbers = [change.seq for change in heard]
            assert numbers == sorted(set(numbers))
        finally:
            await db.close()
            server.engine.dispose()


async def written(db, unit):
    """The value of a unit, once the database lets somebody in again."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(sa.exc.DBAPIError):
                return await db.write(unit)
            await asyncio.sleep(0.05)


async def keep_writing(db, kills):
    """Rows whose insert was answered, by several at once, while the writer's process of the database is killed."""
    acknowledged = set()

    async def some(count):
        for _ in range(count):
            try:
                acknowledged.add(await db.write(lambda tx: tx.insert("box", name=f"{uuid.uuid4()}").id))
            except sa.exc.DBAPIError:
                await asyncio.sleep(0.05)  # nobody is let in while the database recovers

    def die(tx):
        (pid,) = tx.execute(sa.text("SELECT pg_backend_pid()")).one()
        os.kill(pid, signal.SIGKILL)
        tx.count("box")

    async def kill():
        for _ in range(kills):
            await some(10)
            with contextlib.suppress(sa.exc.DBAPIError):
                await db.write(die)

    await asyncio.gather(kill(), *(some(60) for _ in range(8)))
    return acknowledged
