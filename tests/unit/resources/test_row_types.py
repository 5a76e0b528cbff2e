# SPDX-License-Identifier: Apache-2.0
"""A misspelt field or own key of a row is an error of mypy: these lines, and no others."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

UNIT = """
from orca.resources import rows
from orca.store import Record, Tx


def right(tx: Tx, id: int) -> tuple[int | None, bool | None, str, list[int]]:
    container = tx.require(rows.Instance, id)
    tx.update(container, leaving=True, hostId=3, healthState=None, **{"state": "stopped"})
    tx.insert(rows.Port, accountId=1, instanceId=container.id, privatePort=80, protocol="tcp", data={"any": 1})
    balancer = tx.first(rows.Service, name="web", removed=None)
    if isinstance(balancer, rows.LoadBalancerService):
        tx.update(balancer, loadBalancerConfig={})
    return container.hostId, container.leaving, container.state, [row.id for row in tx.find(rows.Mount, volumeId=[1])]


def wrong(tx: Tx, service: rows.Service, known: Record, name: str) -> None:
    container = tx.require(rows.Container, 1)
    container.hostid  # a field
    container.leeving  # an own key
    tx.require(rows.Host, 1).name.lower()  # what may be None
    service.loadBalancerConfig  # a field of another kind
    tx.update(container, leeving=True)  # a keyword of an update
    tx.update(container, number="one")  # a value of another type
    tx.update(container, data=None)  # keys of the column that are none
    tx.insert(rows.Host, acountId=1)  # a keyword of an insert
    tx.find(rows.Instance, hostid=3)  # a keyword of a search
    tx.count(rows.Instance, hostid=3)  # of a count
    tx.values(rows.Instance, "hostid")  # a column
    known.state  # a row of any type
    tx.find(name)[0].state  # a type that is data
    rows.Instanze  # a type
"""


def test_exactly_what_is_wrong_is_an_error(tmp_path):
    unit = tmp_path / "unit.py"
    unit.write_text(UNIT)
    lines = UNIT.splitlines()
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", unit],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    found = {int(number) for number in re.findall(r"unit\.py:(\d+): error", run.stdout)}
    assert found == {number for number, line in enumerate(lines, 1) if "  # " in line}, run.stdout + run.stderr
    assert "orca/" not in run.stdout
