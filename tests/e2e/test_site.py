# SPDX-License-Identifier: Apache-2.0
"""The playbook itself: complete, frugal, idempotent, and predictable in check mode."""

from __future__ import annotations

import json

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
    """The example stack: web on two hosts, linked to memcached, on a published port."""
    for host in [row for row in lab.api.list("hosts", removed_null="true") if row["publicEndpoints"]]:
        for endpoint in host["publicEndpoints"]:
            url = f"http://{endpoint['ipAddress']}:{endpoint['port']}/"
            assert until(lambda url=url: lab.server.succeeds("curl", "-fsm", "5", url), 10, url)


def test_a_stack_whose_file_changed_is_what_runs(lab: Lab) -> None:
    def run(**options: object) -> Play:
        return play("stack", "-e", json.dumps({"orca_stacks": [{"name": "news", **options}]}))

    def running() -> list[tuple[str, str]]:
        rows = [row for row in lab.api.list("containers", removed_null="true") if row["name"].startswith("news_")]
        found = [lab.started(row) for row in rows]
        return sorted((each.name, each.run("printenv", "WORD").strip()) for each in found)

    text = f"echo: {{image: {lab.images['probe']}, command: [sleep, '600'], environment: {{WORD: $WORD}}}}\n"
    try:
        assert run(compose=text, environment={"WORD": "one"}).changed
        assert running() == [("news_echo_1", "one")]
        assert run(compose=text, environment={"WORD": "two"}).changed
        assert running() == [("news_echo_1", "two")]
        assert not run(compose=text, environment={"WORD": "two"}).changed
    finally:
        run(state="absent")
    assert not [name for host in lab.hosts for name in host.containers() if name.startswith("news_")]
