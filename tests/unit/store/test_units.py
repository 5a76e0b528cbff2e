# SPDX-License-Identifier: Apache-2.0
"""Units: what they read and write, and what becomes of it."""

import asyncio

import pytest
from things import Box, Thing

from orca.store import ANY, Closed, MissingField, NotFound, NotUnique


async def test_fields_are_columns_or_json(db):
    made = await db.write(lambda tx: tx.insert("box", name="a", labels={"k": "v"}))
    assert (made.kind, made.type, made.root, made.state) == ("box", "box", "thing", "requested")
    seen = await db.read(lambda tx: tx.get("box", made.id))
    assert (seen.name, seen.labels, seen.size, seen.uuid) == ("a", {"k": "v"}, None, made.uuid)
    assert seen.data == {"fields": {"labels": {"k": "v"}}}
    with pytest.raises(AttributeError, match="no field 'colour'"):
        _ = seen.colour
    assert seen.get("colour", "red") == "red"


async def test_a_type_is_named_by_its_class_too(db):
    made = await db.write(lambda tx: tx.insert(Box, name="a"))
    assert type(made) is Box
    assert (made.kind, made.type) == ("box", "box")
    for find in (
        lambda tx: tx.get(Box, made.id),
        lambda tx: tx.require(Thing, made.id),
        lambda tx: tx.first(Box, name="a"),
        lambda tx: tx.find(Thing)[0],
        lambda tx: tx.rows(Box, tx.query(Box))[0],
        lambda tx: tx.get("thing", made.id),
    ):
        seen = await db.read(find)
        assert type(seen) is Box
        assert seen.id == made.id
    assert await db.read(lambda tx: tx.count(Box)) == 1
    assert await db.read(lambda tx: tx.values(Box, "name")) == [("a",)]
    assert await db.read(lambda tx: tx.table(Box)) is await db.read(lambda tx: tx.table("thing"))
    with pytest.raises(NotFound, match="box"):
        await db.read(lambda tx: tx.require(Box, 999))


async def test_own_keys_lie_beside_the_fields(db):
    made = await db.write(lambda tx: tx.insert(Box, name="a", sealed="x", mark=3))
    assert made.data == {"sealed": "x", "internalMark": 3}
    seen = await db.write(lambda tx: tx.update(tx.require(Box, made.id), mark=None))
    assert (seen.sealed, seen.mark, seen.get("mark", 7)) == ("x", None, 7)
    assert (await db.read(lambda tx: tx.require(Box, made.id))).data == {"sealed": "x"}


async def test_what_every_row_has_is_refused_as_none(db):
    with pytest.raises(MissingField, match="must have uuid"):
        await db.write(lambda tx: tx.insert("box", name="a", uuid=None))
    made = await db.write(lambda tx: tx.insert("box", name="a"))
    with pytest.raises(MissingField, match="must have uuid"):
        await db.write(lambda tx: tx.update(made, uuid=None))


async def test_unknown_fields_are_defects(db):
    with pytest.raises(TypeError, match="no field 'colour'"):
        await db.write(lambda tx: tx.insert("box", colour="red"))
    with pytest.raises(TypeError, match="not a column"):
        await db.read(lambda tx: tx.find("box", labels={}))


async def test_find_compares_as_the_value_says(db):
    def fill(tx):
        for name, owner in (("a", 1), ("b", 2), ("c", None)):
            tx.insert("box", name=name, ownerId=owner)
        tx.insert("thing", name="d", ownerId=1)
        tx.insert("box", name="e", ownerId=1, removed=tx.now)

    await db.write(fill)
    names = lambda **equals: db.read(lambda tx: [row.name for row in tx.find("box", **equals)])  # noqa: E731
    assert await names() == ["a", "b", "c"]
    assert await names(ownerId=1) == ["a"]
    assert await names(ownerId=[1, 2]) == ["a", "b"]
    assert await names(ownerId=None) == ["c"]
    assert await names(ownerId=1, removed=ANY) == ["a", "e"]
    assert await names(ownerId=[]) == []
    assert await db.read(lambda tx: tx.count("thing", ownerId=1)) == 2
    assert await db.read(lambda tx: tx.first("thing", ownerId=9)) is None


async def test_get_finds_removed_rows_but_no_other_kinds(db):
    def fill(tx):
        return tx.insert("box", name="gone", removed=tx.now).id, tx.insert("thing", name="plain").id

    gone, plain = await db.write(fill)
    assert await db.read(lambda tx: tx.get("box", gone)) is not None
    assert await db.read(lambda tx: tx.get("box", plain)) is None
    with pytest.raises(NotFound):
        await db.read(lambda tx: tx.require("box", 999))


async def test_one_row_is_one_record_within_a_unit(db):
    made = await db.write(lambda tx: tx.insert("box", name="a", labels={"x": "1"}, size=1))

    def unit(tx):
        first, second = tx.get("box", made.id), tx.first("thing", name="a")
        assert first is second
        tx.update(first, labels={"y": "2"})
        tx.update(made, size=5)
        return first.size

    assert await db.write(unit) == 5
    seen = await db.read(lambda tx: tx.get("box", made.id))
    assert (seen.labels, seen.size) == ({"y": "2"}, 5)


async def test_what_is_held_back_is_seen_by_searches(db):
    made = await db.write(lambda tx: tx.insert("box", name="a"))

    def unit(tx):
        tx.update(tx.own(made), ownerId=7)
        return [row.id for row in tx.find("box", ownerId=7)], tx.count("box", ownerId=7)

    assert await db.write(unit) == ([made.id], 1)


async def test_live_rows_are_unique_and_removed_ones_are_not(db):
    made = await db.write(lambda tx: tx.insert("box", name="a"))
    with pytest.raises(NotUnique) as refused:
        await db.write(lambda tx: tx.insert("thing", name="a"))
    assert (refused.value.type, refused.value.field) == ("thing", "name")
    await db.write(lambda tx: tx.update(made, removed=tx.now))
    again = await db.write(lambda tx: tx.insert("box", name="a"))
    other = await db.write(lambda tx: tx.insert("box", name="b"))
    with pytest.raises(NotUnique):
        await db.write(lambda tx: tx.update(other, name="a"))
    with pytest.raises(NotUnique) as refused:
        await db.write(lambda tx: tx.insert("box", uuid=again.uuid))
    assert refused.value.field == "uuid"


async def test_what_a_row_gives_up_is_free_for_another_in_one_unit(db):
    made, other = [await db.write(lambda tx, name=name: tx.insert("box", name=name)) for name in ("a", "b")]

    def removed(tx):
        tx.update(tx.own(made), removed=tx.now)
        return tx.insert("box", name="a")

    def renamed(tx):
        tx.update(tx.own(again), removed=tx.now)
        return tx.update(tx.own(other), name="a")

    again = await db.write(removed)
    assert (await db.write(renamed)).id == other.id


async def test_a_row_can_give_its_uuid_to_another_in_one_unit(db):
    made = await db.write(lambda tx: tx.insert("box", name="a", uuid="u"))

    def unit(tx):
        tx.update(tx.own(made), uuid="u-old", name="old")
        return tx.insert("box", name="a", uuid="u")

    assert (await db.write(unit)).uuid == "u"


async def test_keys_of_the_json_column(db):
    made = await db.write(lambda tx: tx.insert("box", name="a", data={"secret": 1}))
    await db.write(lambda tx: tx.update(made, data={"secret": None, "other": [1]}))
    assert (await db.read(lambda tx: tx.get("box", made.id))).data == {"other": [1]}
    with pytest.raises(TypeError):
        await db.write(lambda tx: tx.update(made, data={"fields": {}}))


async def test_a_bad_unit_leaves_its_neighbours_alone(db):
    def bad(tx):
        tx.insert("box", name="bad")
        raise ValueError("on purpose")

    units = [lambda tx, n=n: tx.insert("box", name=f"n{n}") for n in range(20)]
    units[10] = bad
    results = await asyncio.gather(*(db.write(unit) for unit in units), return_exceptions=True)
    assert [type(result).__name__ for result in results].count("ValueError") == 1
    assert await db.read(lambda tx: tx.count("box")) == 19


async def test_callbacks_run_after_commit_only(db):
    called = []

    def good(tx):
        tx.after_commit(lambda: called.append("good"))

    def bad(tx):
        tx.after_commit(lambda: called.append("bad"))
        raise ValueError

    await db.write(good)
    with pytest.raises(ValueError):
        await db.write(bad)
    assert called == ["good"]


async def test_a_callback_that_fails_keeps_no_other_unit_from_its_answer(db):
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
    async with asyncio.timeout(10):
        await asyncio.gather(
            db.write(lambda tx: tx.after_commit(lambda: 1 / 0)), db.write(lambda tx: tx.insert("box", name="a"))
        )
    assert [type(error) for error in reported] == [ZeroDivisionError]


async def test_delete_takes_a_row_out(db):
    made = await db.write(lambda tx: tx.insert("box", name="a"))
    await db.write(lambda tx: tx.delete(tx.own(made)))
    assert await db.read(lambda tx: tx.get("box", made.id)) is None


async def test_nothing_is_written_after_the_end(db):
    await db.close()
    with pytest.raises(Closed):
        await db.write(lambda tx: tx.insert("box", name="late"))


async def test_a_commit_that_fails_fails_its_units_alone(db, full_disk):
    full_disk.set()
    results = await asyncio.gather(
        *(db.write(lambda tx, n=n: tx.insert("box", name=f"n{n}")) for n in range(3)), return_exceptions=True
    )
    assert {str(result) for result in results} == {"database or disk is full"}
    full_disk.clear()
    with db.bus.subscribe() as changes:
        await db.write(lambda tx: tx.insert("box", name="later"))
        assert len(await changes.batch()) == 1
    assert await db.read(lambda tx: tx.count("box")) == 1


async def test_what_met_a_row_that_was_not_kept_is_told_why_it_was_not_kept(db, full_disk):
    full_disk.set()
    taken = "8f3b8d5e-0000-4000-8000-000000000001"
    results = await asyncio.gather(
        *(db.write(lambda tx: tx.insert("box", uuid=taken)) for _ in range(2)), return_exceptions=True
    )
    assert [str(result) for result in results] == ["database or disk is full"] * 2


async def test_values_are_columns_of_what_find_gives(db):
    def fill(tx):
        for name, state in (("a", "up"), ("b", "up"), ("c", "down")):
            tx.insert("thing", name=name, state=state)

    await db.write(fill)
    assert await db.read(lambda tx: tx.values("thing", "name", "state", state="up")) == [("a", "up"), ("b", "up")]
    assert await db.read(lambda tx: tx.values("thing", "name", name=("b", "c"), state="down")) == [("c",)]
    assert await db.read(lambda tx: [tx.count("thing"), tx.count("thing", state="down")]) == [3, 1]


async def test_everything_can_be_counted(db):
    for number in range(3):
        await db.write(lambda tx, number=number: tx.insert("thing", name=f"p{number}"))
    assert await db.read(lambda tx: (tx.count("thing", removed=ANY), len(tx.find("thing", removed=ANY)))) == (3, 3)


async def test_live_rows_are_tallied_by_what_they_name(db):
    def fill(tx):
        rows = [
            tx.insert("box", name=name, ownerId=owner) for name, owner in (("a", 1), ("b", 1), ("c", 2), ("d", None))
        ]
        tx.insert("thing", name="e", ownerId=1)
        tx.insert("box", name="f", ownerId=2, removed=tx.now)
        assert tx.tally("box") == {1: 3, 2: 1}
        return rows

    a, b, c, d = await db.write(fill)

    def change(tx):
        tx.update(a, ownerId=2)
        tx.update(b, removed=tx.now)
        tx.update(b, size=1)
        tx.delete(c)
        tx.update(d, ownerId=3)

    await db.write(change)

    def fail(tx):
        tx.update(d, ownerId=1)
        tx.flush()
        raise ValueError

    with pytest.raises(ValueError):
        await db.write(fail)
    assert await db.read(lambda tx: tx.tally("thing")) == {1: 1, 2: 1, 3: 1}


async def test_what_follows_from_other_fields_is_kept_with_every_change(db):
    async def summaries():
        return await db.read(lambda tx: tx.values("thing", "summary"))

    small = await db.write(lambda tx: tx.insert("box", name="a", size=1))
    await db.write(lambda tx: tx.insert("thing", name="b", summary="something else"))
    assert await summaries() == [("a, 1",), ("b, any size",)]

    def change(tx):
        tx.update(small, size=2)
        assert tx.first("thing", summary="a, 2").id == small.id
        tx.update(small, name="c", summary="something else")

    await db.write(change)
    assert await summaries() == [("c, 2",), ("b, any size",)]
