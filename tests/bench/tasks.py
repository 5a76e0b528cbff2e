# SPDX-License-Identifier: Apache-2.0
"""Where a playbook's time goes, by Ansible's own JUnit report (callback plugin `ansible.builtin.junit`)."""

from __future__ import annotations

import os
import tempfile
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from provision import ROOT


@dataclass
class Tasks:
    """Seconds per task, named `place: task`; a task lasts until its last host is done."""

    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, report: Path) -> None:
        """Add a JUnit report. A case is `[host] play: role : task`, its class the task's file and line."""
        longest: dict[tuple[str, str], float] = {}
        # Ansible wrote the file a moment ago, in a folder only this user can read.
        for case in ElementTree.parse(report).iter("testcase"):
            if case.find("skipped") is not None:
                continue
            title = case.attrib["name"].partition("] ")[2]
            key = (case.attrib.get("classname", ""), title)
            longest[key] = max(longest.get(key, 0.0), float(case.attrib["time"]))
        for (_, title), seconds in longest.items():
            self.seconds[title] = self.seconds.get(title, 0.0) + seconds

    def by_play(self) -> dict[str, float]:
        plays: dict[str, float] = {}
        for title, seconds in self.seconds.items():
            name = title.partition(": ")[0]
            plays[name] = plays.get(name, 0.0) + seconds
        return plays

    def slowest(self, count: int) -> list[tuple[str, float]]:
        return sorted(self.seconds.items(), key=lambda item: -item[1])[:count]


@contextmanager
def timed_tasks(playbook: str) -> Iterator[Tasks]:
    """The tasks of every run of `playbook` (its file's name without suffix) inside the block; complete after it."""
    tasks = Tasks()
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.junit",
            "JUNIT_OUTPUT_DIR": folder,
            "JUNIT_HIDE_TASK_ARGUMENTS": "true",
            "JUNIT_TASK_RELATIVE_PATH": str(ROOT),
        }
        before = {key: os.environ.get(key) for key in settings}
        os.environ.update(settings)
        try:
            yield tasks
        finally:
            for key, value in before.items():
                if value is None:
                    del os.environ[key]
                else:
                    os.environ[key] = value
        for report in Path(folder).glob(f"{playbook}-*.xml"):
            tasks.add(report)
