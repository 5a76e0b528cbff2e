# SPDX-License-Identifier: Apache-2.0
"""Whoever follows a journal knows what is in it, wherever it began, in pages and after gaps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.metadata import journal
from orca.orchestration.metadata.journal import Journal

START = 1000
KEYS = st.sampled_from([f"container/{number}" for number in range(6)])
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 2)), max_size=30)


class Follower:
    """What a host keeps of a journal."""

    def __init__(self) -> None:
        self.reached, self.objects = 0, {}
        self.pages = 0

    def follow(self, found: Journal) -> None:
        updates = found.since(self.reached)
        assert [update.complete for update in updates] == [*[False] * (len(updates) - 1), True]
        for update in updates:
            assert update.base in (0, self.reached)
            self.objects = self.objects if update.base else {}
            self.objects = {k: v for k, v in (self.objects | update.objects).items() if v is not None}
            self.reached = update.reached
        self.pages += len(updates)


def value(number: int | None) -> dict[str, Any] | None:
    return None if number is None else {"name": str(number)}


@given(st.sampled_from([1, 20, 1 << 20]), st.sampled_from([0, 2, 1000]), st.lists(CHANGES, max_size=4))
def test_a_follower_knows_what_is_there(page: int, gone: int, series: list[Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "PAGE_BYTES", page)
        patch.setattr(journal, "MOST_GONE", gone)
        found, early, present = Journal(START), Follower(), {}
        for changes in series:
            for key, number in changes:
                found.put({key: value(number)})
                present[key] = value(number)
            expected = {key: each for key, each in present.items() if each is not None}
            assert found.keys() == expected.keys()
            late = Follower()
            for follower in (early, late):
                follower.follow(found)
                assert follower.objects == expected
                assert follower.reached == found.reached


def test_only_what_changed_is_told() -> None:
    found = Journal(START)
    found.put({"host/a": value(1), "host/b": value(1)})
    reached = found.reached
    found.put({"host/a": value(1), "host/b": value(2)})
    (update,) = found.since(reached)
    assert update.objects == {"host/b": value(2)}
    (update,) = found.since(found.reached)
    assert update.objects == {}


@pytest.mark.parametrize("point", [START - 1, START + 50])
def test_a_point_of_another_journal_gets_everything(point: int) -> None:
    found = Journal(START)
    found.put({"host/a": value(1)})
    (update,) = found.since(point)
    assert (update.base, update.objects) == (0, {"host/a": value(1)})


def test_large_objects_come_in_pages() -> None:
    found, follower = Journal(START), Follower()
    found.put({f"service/{number}": {"metadata": "x" * (journal.PAGE_BYTES // 2)} for number in range(6)})
    follower.follow(found)
    assert (len(follower.objects), follower.pages) == (6, 3)
