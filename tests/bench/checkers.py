# SPDX-License-Identifier: Apache-2.0
"""Real checkers without hosts: HAProxy as ``orca-check`` runs it, in one network in which all containers answer.

One more HAProxy answers for every address of the project's network, on the port that is checked: 200, or 503 for the
addresses that are to fail. Containers of this bench have names that begin with ``orca-bench-health``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from machine import sh

from orca.hoststate.apply import haproxy
from orca.hoststate.haproxy_api import STATES, states
from orca.hoststate.plan import checks
from orca.hoststate.plan.items import CHECK
from orca.hoststate.plan.places import CHECKER_CONFIGURATION, CHECKER_SIDE

NAME = "orca-bench-health"
PORT = 8080
TOGETHER_SECONDS = 0.25
"""Updates of this time are applied together: all hosts are in one process, which has to read besides."""
TICK = os.sysconf("SC_CLK_TCK")
ANSWERS = """
global
  stats socket /etc/answers/run/commands.sock mode 666 level admin
  maxconn 9000
  nbthread 1
defaults
  mode http
  timeout client 5s
  timeout connect 1s
  timeout server 5s
frontend all
  bind :{port}
  http-request return status 503 if {{ dst,map_ip(/etc/answers/failing.map) -m found }}
  http-request return status 200
"""


class Process:
    """A HAProxy in a container of its own, looked at through proc(5)."""

    def __init__(
        self, name: str, folder: Path, side: str, configuration: str, maps: Sequence[str], network: str
    ) -> None:
        (folder / "run").mkdir(parents=True)
        (folder / CHECKER_CONFIGURATION).write_text(configuration)
        for each in maps:
            (folder / each).write_text("")
        self.name = name
        self.commands = folder / "run" / "commands.sock"
        sh(
            *("docker", "run", "-d", "--name", name, "--user", "0:0", "--network", network, "-v", f"{folder}:{side}"),
            *(image(), "haproxy", "-q", "-db", "-f", f"{side}/{CHECKER_CONFIGURATION}"),
        )
        self.pid = int(sh("docker", "inspect", "-f", "{{.State.Pid}}", name).stdout)

    def cpu(self) -> float:
        """Seconds of a core that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident(self) -> float:
        """Memory (MB) now."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1000


class Checkers:
    """So many checkers, and who answers them."""

    def __init__(self, folder: Path, number: int, cidr: str) -> None:
        answers = ANSWERS.format(port=PORT)
        self._answers = Process(f"{NAME}-0", folder / "0", "/etc/answers", answers, ["failing.map"], "none")
        sh("nsenter", "-t", str(self._answers.pid), "-n", "ip", "route", "add", "local", cidr, "dev", "lo")
        maps = [checks.PATHS_FILE, checks.NAMES_FILE]
        self.all = [
            Process(
                f"{NAME}-{each}",
                folder / str(each),
                CHECKER_SIDE,
                checks.configuration(),
                maps,
                f"container:{self._answers.name}",
            )
            for each in range(1, number + 1)
        ]

    @classmethod
    @contextlib.contextmanager
    def running(cls, folder: Path, number: int, cidr: str) -> Iterator[Checkers]:
        """The checkers, for as long as the block lasts."""
        names = [f"{NAME}-{each}" for each in range(number + 1)]
        sh("docker", "rm", "-f", *names, check=False)
        try:
            yield cls(folder, number, cidr)
        finally:
            sh("docker", "rm", "-f", *names, check=False)

    def fail(self, addresses: Sequence[str]) -> None:
        """From now on these fail their checks."""
        haproxy.ask(str(self._answers.commands), [f"add map /etc/answers/failing.map {each} 1" for each in addresses])


class Applied:
    """The checks of one host, for the reader in place of ``agent.config``; kind ``checks`` without an engine."""

    def __init__(self, commands: Path) -> None:
        self.revision = 0
        self._commands = commands
        self._items: Mapping[str, Any] = {}
        self._wake = asyncio.Event()

    def take(self, items: Mapping[str, Any]) -> None:
        """Take the present items (name -> description)."""
        self._items = items
        self._wake.set()

    def family(self, family: Any) -> dict[str, Any]:
        """The descriptions in effect of one family."""
        return dict(family.of(self._items))

    async def reapply(self, kinds: Sequence[Any]) -> None:
        """Apply again."""
        self._wake.set()

    async def run(self) -> None:
        """Apply until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._wake.clear()
            items = dict(self._items)
            await asyncio.to_thread(self._apply, items)
            self.revision += 1

    def _apply(self, items: Mapping[str, Any]) -> None:
        description = checks.describe(items)
        answers = haproxy.ask(str(self._commands), [STATES], timeout=10.0)
        if description is None or answers is None:
            return
        new, gone = checks.difference(checks.checks(description), set(states(answers[0])))
        haproxy.order(str(self._commands), [line for server in gone for line in checks.end(server)])
        haproxy.order(str(self._commands), [line for check in new for line in check.add()])

    @property
    def number(self) -> int:
        """How many checks the host has."""
        return len(CHECK.of(self._items))


def image() -> str:
    """The image of ``orca-check``, as ``script/images`` made it last."""
    found = sh("docker", "images", "-q", "orca/haproxy").stdout.split()
    assert found, "script/images makes the image of the checker"
    return found[0]
