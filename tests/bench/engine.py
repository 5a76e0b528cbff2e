# SPDX-License-Identifier: Apache-2.0
"""The Docker engine of a machine, spoken to without a command line in between, and when it says a container started."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import docker
from docker.types.daemon import CancellableStream
from machine import Machine, sh

Attributes = dict[str, str]


def engine(machine: Machine) -> docker.APIClient:
    """A client of the machine's own engine, through the machine's root as its first process sees it (proc(5))."""
    pid = sh("docker", "inspect", "-f", "{{.State.Pid}}", machine.name).stdout.strip()
    return docker.APIClient(base_url=f"unix:///proc/{pid}/root/run/docker.sock", version="auto", timeout=120)


@dataclass(frozen=True)
class Start:
    """A container started at `at` (ns since the epoch), by the engine's own clock."""

    at: int
    container: str
    attributes: Attributes


class Starts:
    """The start events of containers that `belongs` accepts, from several engines, while a block runs.

    All machines share one kernel clock, so the engines' times can be compared with each other and with time.time_ns().
    """

    def __init__(self, engines: Sequence[docker.APIClient], belongs: Callable[[Attributes], bool]) -> None:
        self.engines = engines
        self.belongs = belongs
        self.arrived: queue.Queue[Start] = queue.Queue()

    def __enter__(self) -> Starts:
        # `since` (s) closes the gap between the answer's head and the engine's subscription.
        self.since = time.time_ns()
        since, filters = self.since // 10**9, {"type": "container", "event": "start"}
        self.streams = [one.events(since=since, decode=True, filters=filters) for one in self.engines]
        self.readers = [threading.Thread(target=self._read, args=(stream,), daemon=True) for stream in self.streams]
        for reader in self.readers:
            reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in self.streams:
            stream.close()
        for reader in self.readers:
            reader.join(timeout=5)

    def _read(self, stream: CancellableStream[dict[str, Any]]) -> None:
        for event in stream:
            attributes: Attributes = event["Actor"]["Attributes"]
            if event["timeNano"] >= self.since and self.belongs(attributes):
                self.arrived.put(Start(event["timeNano"], event["Actor"]["ID"], attributes))

    def first(self, count: int, within: float) -> list[Start]:
        """The first `count` starts of different containers, in order of time.

        Raises AssertionError when there are fewer after `within` seconds.
        """
        deadline = time.monotonic() + within
        seen: dict[str, Start] = {}
        while len(seen) < count:
            try:
                start = self.arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty as late:
                raise AssertionError(f"{len(seen)} of {count} containers started within {within} s") from late
            seen.setdefault(start.container, start)
        return sorted(seen.values(), key=lambda start: start.at)
