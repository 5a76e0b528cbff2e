# SPDX-License-Identifier: Apache-2.0
"""Labels and words of the environment that say where a container wants to run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orca.orchestration.placement.choose import HostFacts, NoHost, Wanted, choose
from orca.orchestration.placement.constraints import Constraint, Surroundings, holds, is_global, lower, read
from orca.orchestration.syntax.labels import AFFINITY

MACROS = {"stack_name": "Shop", "service_name": "web"}


def host(number: int, **seen) -> HostFacts:
    return HostFacts(id=number, name=f"h{number}", state="active", surroundings=Surroundings(**seen))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("host_label", "Disk=SSD", [Constraint("host_label", "disk", "ssd")]),
        (
            "host_label_ne",
            "a=1, b=2",
            [Constraint("host_label", "a", "1", negative=True), Constraint("host_label", "b", "2", negative=True)],
        ),
        ("container_soft", "db_1", [Constraint("container", "", "db_1", soft=True)]),
        ("container_label_soft_ne", "x=y", [Constraint("container_label", "x", "y", negative=True, soft=True)]),
        (
            "container_label",
            "io.rancher.stack_service.name=db",
            [Constraint("container_label", "io.rancher.stack_service.name", "shop/db")],
        ),
        (
            "container_label_ne",
            "io.rancher.stack_service.name=${stack_name}/${service_name}",
            [Constraint("container_label", "io.rancher.stack_service.name", "shop/web", negative=True)],
        ),
        ("unknown", "a=b", []),
    ],
)
def test_labels(name: str, text: str, expected: list[Constraint]):
    assert list(read({AFFINITY + name: text}, {}, MACROS)) == expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"constraint:size==huge": ""}, Constraint("host_label", "size", "huge")),
        ({"constraint:size": "=huge"}, Constraint("host_label", "size", "huge")),
        ({"constraint:size!": "~huge"}, Constraint("host_label", "size", "huge", negative=True, soft=True)),
        ({"affinity:container!=~web": ""}, Constraint("container", "", "web", negative=True, soft=True)),
        ({"affinity:color==~red": ""}, Constraint("container_label", "color", "red", soft=True)),
    ],
)
def test_swarm(environment: dict[str, str], expected: Constraint):
    assert read({}, {"PATH": "/bin", **environment}) == (expected,)


def test_a_hard_constraint_is_named_in_the_refusal():
    wanted = Wanted(constraints=read({AFFINITY + "host_label": "disk=ssd"}, {}))
    with pytest.raises(NoHost, match="h1: not host label disk=ssd"):
        choose(wanted, [host(1)])
    assert choose(wanted, [host(1), host(2, labels={"disk": "ssd"})]).host_id == 2


def test_soft_constraints_only_prefer():
    wanted = Wanted(constraints=read({AFFINITY + "container_soft_ne": "web_1"}, {}))
    assert choose(wanted, [host(1, containers=frozenset({"web_1"})), host(2)]).host_id == 2
    assert choose(wanted, [host(1, containers=frozenset({"web_1"}))]).host_id == 1


def test_beside():
    assert choose(Wanted(beside=frozenset({2})), [host(1), host(2)]).host_id == 2
    with pytest.raises(NoHost, match="on another host"):
        choose(Wanted(beside=frozenset({1, 2})), [host(1), host(2)])


def test_global():
    assert is_global({"io.rancher.scheduler.global": "True"})
    assert not is_global(None)
    assert lower({"A": "B"}) == {"a": "b"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12"), st.booleans(), st.booleans()), max_size=6))
def test_the_chosen_host_meets_what_is_hard_and_most_of_what_is_soft(wishes):
    """Against the definition: no other host that meets the hard ones disappoints fewer of the soft ones."""
    constraints = tuple(Constraint("host_label", *wish) for wish in wishes)
    hosts = [host(number, labels={"a": a, "b": b}) for number, (a, b) in enumerate(("11", "12", "21", "22"), 1)]

    def failed(candidate: HostFacts, soft: bool) -> int:
        return sum(c.soft == soft and not holds(c, candidate.surroundings) for c in constraints)

    possible = [candidate for candidate in hosts if not failed(candidate, soft=False)]
    try:
        chosen = choose(Wanted(constraints=constraints), hosts).host_id
    except NoHost:
        assert not possible
    else:
        assert failed(hosts[chosen - 1], soft=False) == 0
        assert failed(hosts[chosen - 1], soft=True) == min(failed(candidate, soft=True) for candidate in possible)
