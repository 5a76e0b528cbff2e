# SPDX-License-Identifier: Apache-2.0
"""Scale: what is created, started and removed."""

from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.scaling import Member, Plan, plan


def test_nothing_to_do():
    assert not plan(1, [Member(7, 1, "running")])


def test_free_numbers_are_used_again():
    members = [Member(1, 1, "running"), Member(3, 3, "starting")]
    assert plan(4, members) == Plan(create=(2, 4))


def test_the_highest_numbers_go():
    members = [Member(number + 10, number, "running") for number in (1, 2, 3)]
    assert plan(1, members) == Plan(remove=(12, 13))


def test_stopped_containers_are_started():
    assert plan(1, [Member(1, 1, "stopped")]) == Plan(start=(1,))


def test_a_leaving_container_does_not_count_but_holds_its_name():
    assert plan(1, [Member(1, 1, "stopping", leaving=True)]) == Plan(create=(2,))
    assert plan(1, [Member(1, 1, "removed")]) == Plan(create=(1,))


_STATES = st.sampled_from(["creating", "starting", "running", "stopping", "stopped", "removing", "removed"])
_MEMBERS = st.lists(
    st.builds(Member, id=st.integers(1, 10**6), number=st.integers(1, 12), state=_STATES, leaving=st.booleans()),
    max_size=10,
    unique_by=(lambda member: member.id, lambda member: member.number),
)


@given(scale=st.integers(0, 12), members=_MEMBERS)
def test_the_plan_reaches_the_scale(scale: int, members: list[Member]):
    wanted = plan(scale, members)
    counting = sum(member.counts for member in members)
    assert counting + len(wanted.create) - len(wanted.remove) == scale
    assert not (wanted.create and wanted.remove)
    assert len(set(wanted.create)) == len(wanted.create)
    live = {member.number for member in members if member.state != "removed"}
    assert not live & set(wanted.create)
