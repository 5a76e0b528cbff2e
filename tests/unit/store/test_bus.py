# SPDX-License-Identifier: Apache-2.0
"""Who is told about changes, when, and in which order."""

import asyncio

import pytest

from orca.store import Overflow


async def test_changes_come_once_per_row_and_unit_in_order(db):
    with db.bus.subscribe() as changes:

        def unit(tx):
            first = tx.insert("box", name="a", accountId=3)
            tx.update(first, ownerId=1)
            return first.id, tx.insert("thing", name="b").id

        first, second = await db.write(unit)
        batch = await changes.batch()
        assert [(change.type, change.root, change.id, change.account_id) for change in batch] == [
            ("box", "thing", first, 3),
            ("thing", "thing", second, None),
        ]
        await db.write(lambda tx: tx.touch(tx.require("box", first)))
        assert [change.seq for change in await changes.batch()] == [batch[-1].seq + 1]


async def test_a_subscriber_to_one_account_is_told_of_its_rows_and_of_nobodys(db):
    with db.bus.subscribe({"thing"}, account_id=3) as changes:
        await db.write(lambda tx: tx.insert("thing", name="another's", accountId=4))
        assert not changes.waiting
        ids = [
            (await db.write(lambda tx, id=id: tx.insert("thing", name=f"b{id}", accountId=id))).id for id in (3, None)
        ]
        assert [change.id for change in await changes.batch()] == ids


async def test_what_is_rolled_back_or_unchanged_is_silent(db):
    made = await db.write(lambda tx: tx.insert("box", name="a", ownerId=1))

    def bad(tx):
        tx.insert("box", name="b")
        raise ValueError

    with db.bus.subscribe() as changes:
        with pytest.raises(ValueError):
            await db.write(bad)
        await db.write(lambda tx: tx.update(made, ownerId=1))
        await db.write(lambda tx: tx.insert("box", name="c"))
        assert len(await changes.batch()) == 1


async def test_only_the_wanted_types(db):
    with db.bus.subscribe({"other"}) as changes:
        await db.write(lambda tx: tx.insert("box", name="a"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await changes.batch()


async def test_a_slow_subscriber_is_told_that_it_missed_something(db):
    with db.bus.subscribe(limit=2) as changes:
        for name in "abc":
            await db.write(lambda tx, name=name: tx.insert("box", name=name))
        with pytest.raises(Overflow):
            await changes.batch()
        await db.write(lambda tx: tx.insert("box", name="d"))
        assert len(await changes.batch()) == 1


async def test_numbers_go_on_after_a_restart(db):
    from orca.store import Database

    await db.write(lambda tx: tx.insert("box", name="a"))
    await db.close()
    again = await Database.open(db.engine.url.render_as_string(hide_password=False), db.schema)
    with again.bus.subscribe() as changes:
        await again.write(lambda tx: tx.insert("box", name="b"))
        assert (await changes.batch())[0].seq == 2
    await again.close()
