# SPDX-License-Identifier: Apache-2.0
"""Scale: what is created, started and removed."""

import dataclasses
import itertools

from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.units.plan import ALONE, Member, New, Part, Plan, all_needs, plan

WITH_LOGS = {"": Part(), "logs": Part(needs=frozenset({""}))}


def test_nothing_to_do():
    assert not plan(1, [Member(7, 1, "running")])


def test_free_numbers_are_used_again():
    members = [Member(1, 1, "running"), Member(3, 3, "starting")]
    assert plan(4, members) == Plan(create=(New(2), New(4)))


def test_the_highest_numbers_go():
    members = [Member(number + 10, number, "running") for number in (1, 2, 3)]
    assert set(plan(1, members).remove) == {12, 13}


def test_stopped_containers_are_started():
    assert plan(1, [Member(1, 1, "stopped")]) == Plan(start=(1,))


def test_what_runs_once_stays_stopped():
    assert not plan(1, [Member(1, 1, "stopped")], {"": Part(once=True)})


def test_a_leaving_container_does_not_count_but_holds_its_name():
    assert plan(1, [Member(1, 1, "stopping", leaving=True)]) == Plan(create=(New(2),))
    assert plan(1, [Member(1, 1, "removed")]) == Plan(create=(New(1),))


def test_a_sidekick_waits_for_what_it_needs():
    assert plan(1, [], WITH_LOGS) == Plan(create=(New(1),), later=(New(1, "logs"),))
    assert plan(1, [Member(1, 1, "starting", host=5)], WITH_LOGS) == Plan(later=(New(1, "logs", 5),))
    assert plan(1, [Member(1, 1, "running", host=5)], WITH_LOGS) == Plan(create=(New(1, "logs", 5),))


def test_a_sidekick_goes_with_the_container_it_used():
    """The primary is gone: the sidekick used its volumes, so both are made anew, on the same host."""
    left = [Member(1, 1, "removed"), Member(2, 1, "running", part="logs", host=5)]
    assert plan(1, left, WITH_LOGS) == Plan(create=(New(1, "", 5),), remove=(2,), later=(New(1, "logs", 5),))


def test_a_sidekick_that_is_not_wanted_any_more_goes():
    members = [Member(1, 1, "running"), Member(2, 1, "running", part="logs")]
    assert plan(1, members, ALONE) == Plan(remove=(2,))


def test_needs_are_followed_once_each():
    # Along every way they would take 2 ** 60 steps.
    parts = {str(n): Part(frozenset(str(m) for m in range(n))) for n in range(60)}
    assert all_needs("59", parts) == {str(n) for n in range(59)}


def test_a_sick_unit_is_replaced_under_another_number():
    members = [Member(1, 1, "running", sick=True), Member(2, 1, "running", part="logs"), Member(3, 2, "running")]
    found = plan(2, [*members, Member(4, 2, "running", part="logs")], WITH_LOGS)
    assert (found.create, set(found.remove)) == ((New(3),), {1, 2})


def test_sick_units_are_replaced_a_fifth_at_a_time_the_oldest_first():
    sick = [Member(30 - number, number, "running", sick=True) for number in range(1, 11)]
    assert set(plan(10, sick).remove) == {20, 21}
    assert plan(10, sick).sick == {20, 21}
    assert plan(3, sick[:3]).remove == (27,)


def test_what_is_being_replaced_counts():
    sick = [Member(number, number, "running", sick=True) for number in range(1, 9)]
    coming = [Member(20 + number, number, "running", coming=True) for number in (9, 10)]
    assert not plan(10, sick + coming)
    assert plan(10, [*sick, coming[0], Member(30, 10, "running")]).remove == (1,)
    assert not plan(10, sick, replacing=True).remove
    assert set(plan(10, sick).remove) == {1, 2}


def test_a_retained_number_waits_for_the_old_container():
    found = plan(1, [Member(1, 1, "running", sick=True)], retained={})
    assert found == Plan(remove=(1,), later=(New(1),), sick=frozenset({1}))
    leaving = Member(1, 1, "stopping", leaving=True, sick=True)
    assert plan(1, [leaving], retained={}) == Plan(later=(New(1),))
    assert plan(1, [dataclasses.replace(leaving, state="removed")], retained={}) == Plan(create=(New(1),))
    assert plan(1, [leaving]).create == (New(2),)


def test_a_retained_number_comes_back_before_a_lower_free_one():
    members = [Member(1, 1, "running"), Member(2, 3, "removing", leaving=True)]
    assert plan(2, members, retained={}) == Plan(later=(New(3),))
    assert plan(3, members[:1], retained={4: 7, 5: 8}) == Plan(create=(New(4), New(5)))
    assert plan(4, members[:1], retained={4: 7, 5: 8}) == Plan(create=(New(4), New(5), New(2)))
    assert plan(1, members[:1], retained={4: 7}) == Plan()


def test_a_retained_number_of_a_global_service_comes_back_on_its_host():
    assert plan(1, [], hosts=(7, 8), retained={1: 8, 2: 7}).create == (New(2, "", 7), New(1, "", 8))
    assert plan(1, [], hosts=(7, 9), retained={1: 8, 2: 7}).create == (New(2, "", 7), New(3, "", 9))


def test_a_global_service_has_a_unit_on_each_host():
    members = [Member(1, 1, "running", host=7), Member(2, 2, "running", host=9), Member(3, 3, "running", host=9)]
    assert plan(1, members, hosts=(7, 8)) == Plan(create=(New(4, "", 8),), remove=(3,))


_STATES = st.sampled_from(["creating", "starting", "running", "stopping", "stopped", "removing", "removed"])
_PARTS = st.sampled_from(
    [ALONE, {"": Part(), "a": Part()}, WITH_LOGS, {"": Part(frozenset({"a"})), "a": Part(), "b": Part(frozenset({""}))}]
)
_MEMBERS = st.lists(
    st.builds(
        Member,
        id=st.integers(1, 10**6),
        number=st.integers(1, 12),
        state=_STATES,
        leaving=st.booleans(),
        part=st.sampled_from(["", "a", "logs"]),
        sick=st.booleans(),
    ),
    max_size=20,
    unique_by=lambda member: member.id,
)


@given(
    scale=st.integers(0, 12),
    members=_MEMBERS,
    parts=_PARTS,
    retained=st.none() | st.dictionaries(st.integers(1, 12), st.integers(1, 3), max_size=5),
)
def test_plans_reach_the_scale(
    scale: int, members: list[Member], parts: dict[str, Part], retained: dict[int, int] | None
):
    """Doing what plans say, again and again, ends with exactly the wanted containers, and each name is held once."""
    current = {member.id: member for member in members}
    for _ in range(50):
        wanted = plan(scale, current.values(), parts, retained=retained)
        if not wanted:
            break
        live = {(m.number, m.part) for m in current.values() if m.state not in ("removed", "purged")}
        assert len(set(wanted.create)) == len(wanted.create)
        assert not live & {(new.number, new.part) for new in wanted.create}
        assert not set(wanted.start) & set(wanted.remove)
        # Everything that was begun comes to its end before the next look.
        for id in wanted.remove:
            current[id] = dataclasses.replace(current[id], leaving=True)
        for id, member in current.items():
            state = "removed" if not member.counts else "running" if id in wanted.start else member.state
            settled = {"creating": "running", "starting": "running", "stopping": "stopped"}.get(state, state)
            current[id] = dataclasses.replace(member, state=settled)
        for new in wanted.create:
            id = max(current, default=0) + 1
            current[id] = Member(id, new.number, "running", part=new.part)
    else:
        raise AssertionError("no end")
    counting = [(member.number, member.part) for member in current.values() if member.counts]
    numbers = {number for number, _ in counting}
    assert len(numbers) == scale
    assert sorted(counting) == sorted((number, part) for number in numbers for part in parts)


@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 7), st.integers(1, 5))
def test_slices_hold_everything_once_and_what_goes_comes_first(removed, started, created, size):
    whole = Plan(
        tuple(New(number) for number in range(created)),
        tuple(range(100, 100 + started)),
        tuple(range(200, 200 + removed)),
        later=(New(99),),
    )
    parts = list(whole.slices(size))
    for name in ("create", "start", "remove"):
        assert sum((getattr(part, name) for part in parts), ()) == getattr(whole, name)
    assert all(len(part.create) + len(part.start) + len(part.remove) <= size for part in parts)
    for earlier, later in itertools.pairwise(parts):
        assert not (later.remove and (earlier.start or earlier.create))
