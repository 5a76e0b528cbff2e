# SPDX-License-Identifier: Apache-2.0
"""Which units a rebalance moves."""

import random
from collections import Counter

from orca.orchestration.services.balance import Unit, plan

HOSTS = {1: "h1", 2: "h2", 3: "h3"}
SERVICES = {number: f"s{number}" for number in range(1, 9)}


def anywhere(unit, host):
    return True


def units(service, *hosts, **more):
    return [Unit(service, number, host, **more) for number, host in enumerate(hosts, 1)]


def test_thirty_containers_on_one_host_spread_over_three():
    there = units(1, *[1] * 15) + units(2, *[1] * 15)
    moves = plan(HOSTS, there, SERVICES, anywhere)
    assert len(moves) == 20
    assert moves[0].reason == "h1 has 15 of s1, h2 has 0"
    assert Counter(move.to for move in moves) == {2: 10, 3: 10}
    assert len({(move.unit.service, move.unit.number) for move in moves}) == 20


def test_what_is_even_stays():
    assert plan(HOSTS, units(1, 1, 2, 3, 1) + units(2, 2, 3), SERVICES, anywhere) == []


def test_services_of_one_container_even_out_the_hosts():
    there = [Unit(service, 1, 1) for service in range(1, 7)]
    moves = plan(HOSTS, there, SERVICES, anywhere)
    assert Counter(move.to for move in moves) == {2: 2, 3: 2}
    assert moves[0].reason == "h1 has 6 containers, h2 has 0"


def test_what_is_bound_or_fits_nowhere_stays():
    assert plan(HOSTS, units(1, 1, 1, 1, movable=False), SERVICES, anywhere) == []
    assert plan(HOSTS, units(1, 1, 1, 1), SERVICES, lambda unit, host: False) == []


def test_plans_end_and_never_make_anything_less_even():
    for seed in range(300):
        source = random.Random(seed)
        there = [
            unit
            for service in SERVICES
            for unit in units(service, *(source.choice([1, 2, 3]) for _ in range(source.randint(0, 9))))
        ]
        moves = plan(HOSTS, there, SERVICES, anywhere)
        after = {(unit.service, unit.number): unit.host for unit in there}
        after |= {(move.unit.service, move.unit.number): move.to for move in moves}
        for service in SERVICES:
            counts = Counter(dict.fromkeys(HOSTS, 0)) + Counter(host for (s, _), host in after.items() if s == service)
            assert max(counts.values(), default=0) - min((counts[host] for host in HOSTS), default=0) <= 1
        total = Counter(after.values())
        assert max(total[host] for host in HOSTS) - min(total[host] for host in HOSTS) <= 1
        assert plan(HOSTS, [Unit(s, n, host) for (s, n), host in after.items()], SERVICES, anywhere) == []
