# SPDX-License-Identifier: Apache-2.0
"""The playbook itself: complete, frugal, idempotent, and predictable in check mode."""

from __future__ import annotations

from lab import Lab
from provision import Play, play
from waiting import until


def test_at_most_25_tasks_per_host(site: tuple[Lab, Play]) -> None:
    _, first = site
    for host, counts in first.recap.items():
        assert sum(counts[key] for key in ("ok", "failed")) <= 25, f"{host}: {counts}"


def test_second_run_changes_nothing(lab: Lab) -> None:
    assert play("site").changed == {}


def test_the_demonstration_stack_answers(lab: Lab) -> None:
    """The article's example: web on two hosts, linked to memcached, on a published port."""
    for host in [row for row in lab.api.list("hosts", removed_null="true") if row["publicEndpoints"]]:
        for endpoint in host["publicEndpoints"]:
            url = f"http://{endpoint['ipAddress']}:{endpoint['port']}/"
            assert until(lambda url=url: lab.server.succeeds("curl", "-fsm", "5", url), 10, url)
