# SPDX-License-Identifier: Apache-2.0
"""The playbook `site`: from nothing to the running stack, once more, and one more host."""

from __future__ import annotations

from lab import Lab
from provision import FOURTH, FOURTH_HOST, HOSTS, INVENTORY, Play, play

from bench.result import Figure, Result, Table, ratios
from bench.tasks import Tasks, timed_tasks

SECOND_RUN = 30.0  # s
FOURTH_TO_THIRD = 1.25
SLOWEST = 12

METHOD = (
    "Run 1 starts without machines and ends with the demonstration stack running; images are built beforehand "
    "(`script/images`). A second run finds everything as wanted and changes nothing. For the third and the fourth "
    "host both are removed, machine and record; then the playbook runs with three hosts in the inventory and with "
    "four. Each run also looks after all hosts that are there already. Tasks are timed by Ansible's JUnit "
    "callback; a task lasts until its last host is done."
)


def table(title: str, run: Play, tasks: Tasks) -> Table:
    """Plays in full, then the slowest tasks."""
    inside = sum(tasks.seconds.values())
    plays = [[f"play: {name}", f"{seconds:.1f}"] for name, seconds in tasks.by_play().items()]
    between = ["Ansible itself: start, inventory, between tasks", f"{run.seconds - inside:.1f}"]
    slowest = [[f"task: {name}", f"{seconds:.1f}"] for name, seconds in tasks.slowest(SLOWEST)]
    return Table(title, ["part", "s"], [*plays, between, *slowest])


def joining(repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of the run that adds the third host, and of the one that adds the fourth; three hosts remain."""
    third, fourth = [], []
    for _ in range(repeats):
        play("machine_remove", "-e", f"machine_names={FOURTH_HOST},{HOSTS[2]}", inventories=(INVENTORY, FOURTH))
        third.append(play("site").seconds)
        fourth.append(play("site", inventories=(INVENTORY, FOURTH)).seconds)
    play("machine_remove", "-e", f"machine_names={FOURTH_HOST}", inventories=(INVENTORY, FOURTH))
    return third, fourth


def measure(lab: Lab, repeats: int, first: Play, tasks: Tasks) -> Result:
    with timed_tasks("site") as second:
        again = [play("site")]
    again += [play("site") for _ in range(repeats - 1)]
    for run in again:
        assert not run.changed, f"a second run changed something: {run.changed}"
    third, fourth = joining(repeats)
    lab.wait_for_agents()
    return Result(
        "site",
        "The site playbook",
        METHOD,
        [
            Figure("from nothing to the running stack", "s", [first.seconds]),
            Figure("second run", "s", [run.seconds for run in again], target=SECOND_RUN),
            Figure("the third host joins", "s", third),
            Figure("the fourth host joins", "s", fourth),
            Figure("ratio of the fourth to the third", "", ratios(fourth, third), target=FOURTH_TO_THIRD),
        ],
        [
            table("Where the time of the first run goes", first, tasks),
            table("Where the time of a second run goes", again[0], second),
        ],
    )
