# SPDX-License-Identifier: Apache-2.0
"""One platform for the session; every test leaves it as it found it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lab import Lab
from machine import Machine
from provision import FOURTH, FOURTH_HOST, INVENTORY, Play, platform, play


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep", action="store_true", help="use the platform that is there, and leave it there")


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Iterator[tuple[Lab, Play]]:
    """The platform, and the run of the playbook that made it."""
    with platform(keep=request.config.getoption("--keep")) as made:
        yield made


@pytest.fixture
def lab(site: tuple[Lab, Play]) -> Iterator[Lab]:
    """The platform with every host connected; containers that a test asked for are removed after it."""
    lab, _ = site
    lab.wait_for_agents()
    yield lab
    lab.clean()


@pytest.fixture
def fourth_host(lab: Lab) -> Iterator[Callable[..., Machine]]:
    """Makes a fourth host join, by the whole playbook or (``alone``) in the place of one that has died; it leaves after
    the test, machine and record.
    """
    machine = Machine(FOURTH_HOST)

    def join(*, alone: bool = False) -> Machine:
        if alone:
            play("machine_remove", "-e", f"machine_names={FOURTH_HOST}", inventories=(INVENTORY, FOURTH))
            play("machines", inventories=(INVENTORY, FOURTH))
            play("hosts", "--limit", FOURTH_HOST, inventories=(INVENTORY, FOURTH))
        else:
            play("site", inventories=(INVENTORY, FOURTH))
        return machine

    yield join
    for row in lab.api.list("hosts", hostname=FOURTH_HOST, removed_null="true"):
        if row["state"] == "active":
            lab.api.settled(lab.api.action(row, "deactivate"))
        lab.api.remove(row)
    play("machine_remove", "-e", f"machine_names={FOURTH_HOST}", inventories=(INVENTORY, FOURTH))
