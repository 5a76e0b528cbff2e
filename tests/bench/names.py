# SPDX-License-Identifier: Apache-2.0
"""From a container's start until its name is answered on another host."""

from __future__ import annotations

import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType

from lab import Container, Lab, Stack
from waiting import until

from bench.engine import Start, Starts, engine
from bench.result import Figure, Result
from bench.scaling import only

SAMPLES = 60
MOST = 11  # containers behind the name; from there it starts again with one
# Two services: `target` grows by one container at a time, `asker` links to it and asks.
COMPOSE = """
asker:
  image: {probe}
  links: [target]
target:
  image: {probe}
  command: ["sh", "-c", "trap exit TERM; sleep infinity & wait"]
"""
# Asks every 5 ms over one socket and prints each change: time (ns) and the addresses. RFC 1035 in its least form.
ASK = r"""
import socket, struct, sys, time
name = b"".join(bytes([len(part)]) + part for part in sys.argv[1].encode().split(b".")) + b"\0"
resolver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
resolver.connect(("169.254.169.250", 53))
resolver.settimeout(0.2)
known, number = None, 0
while True:
    number = (number + 1) % 65536
    resolver.send(struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + name + b"\0\1\0\1")
    try:
        answer = resolver.recv(4096)
    except OSError:
        continue
    now = time.time_ns()
    if struct.unpack_from(">H", answer)[0] != number:
        continue
    at, found = 12 + len(name) + 4, []
    for _ in range(struct.unpack_from(">H", answer, 6)[0]):
        while answer[at] and answer[at] < 192:
            at += answer[at] + 1
        at += 2 if answer[at] else 1
        kind, _, _, length = struct.unpack_from(">HHIH", answer, at)
        at += 10 + length
        if kind == 1:
            found.append(socket.inet_ntoa(answer[at - 4:at]))
    if sorted(found) != known:
        known = sorted(found)
        print(now, *known, flush=True)
    time.sleep(0.005)
"""

METHOD = (
    "A container on the third host asks the resolver for the linked name every 5 ms. The service behind the name "
    f"grows by one container at a time, which runs on one of the other two hosts; at {MOST} it starts again with one. "
    "The clock runs from the engine's `start` event of the new container until the first answer that holds its "
    "address."
)


@dataclass(frozen=True)
class Answer:
    """From `at` (ns since the epoch) on, the name had these addresses."""

    at: int
    addresses: frozenset[str]


@dataclass
class Asker:
    """What a container is answered for `name`, change by change, while a block runs."""

    container: Container
    name: str
    changes: list[Answer] = field(default_factory=list)

    def __enter__(self) -> Asker:
        inside = ("docker", "exec", self.container.docker_name, "python3", "-c", ASK, self.name)
        self.process: subprocess.Popen[str] = self.container.machine.start(*inside)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The program dies with its container, which goes with the stack; this ends the client only.
        self.process.kill()
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            at, *addresses = line.split()
            if not at.isdigit():
                raise AssertionError(f"the asker says: {line}")
            self.changes.append(Answer(int(at), frozenset(addresses)))

    def first(self, address: str, after: int) -> int:
        """When (ns) `address` came into the answer after `after`; waits for it."""
        return until(lambda: self._appeared(address, after), 10, f"{address} is answered", every=0.02)

    def _appeared(self, address: str, after: int) -> int:
        """The same, 0 while it has not."""
        known = list(self.changes)
        for previous, change in zip([None, *known], known, strict=False):
            new = previous is None or address not in previous.addresses
            if change.at > after and new and address in change.addresses:
                return change.at
        return 0


def scale(lab: Lab, stack: Stack, count: int) -> None:
    row = next(row for row in stack.services() if row["name"] == "target")
    lab.api.call("PUT", row["links"]["self"], json={"scale": count})


def one_more(lab: Lab, stack: Stack, starts: Starts, count: int) -> tuple[Start, str]:
    """The start and the address of the container that makes them `count`."""
    scale(lab, stack, count)
    start = starts.first(1, 60)[0]
    uuid = start.attributes["io.orca.instance.uuid"]

    def address() -> str | None:
        row = next((row for row in stack.instances("target") if row["uuid"] == uuid), None)
        return str(row["primaryIpAddress"]) if row and row["state"] == "running" else None

    return start, str(until(address, 30, "the new target runs"))


def measure(lab: Lab, repeats: int) -> Result:
    """`repeats` is for whole runs; here every replacement is a sample."""
    here, others = lab.hosts[2], lab.hosts[:2]
    milliseconds: list[float] = []
    with ExitStack() as undo:
        with only(lab, [here]):
            stack = undo.enter_context(lab.stack("bench-names", COMPOSE))
        undo.enter_context(only(lab, others))
        asker = undo.enter_context(Asker(stack.containers("asker")[0], "target"))
        ours = stack.resource["name"]
        engines = [engine(machine) for machine in others]
        starts = undo.enter_context(Starts(engines, lambda labels: labels.get("io.orca.stack.name") == ours))
        while len(milliseconds) < SAMPLES:
            for count in range(2, MOST + 1):
                before = time.time_ns()
                start, address = one_more(lab, stack, starts, count)
                milliseconds.append((asker.first(address, before) - start.at) / 1e6)
            scale(lab, stack, 1)
            until(lambda: len(stack.instances("target")) == 1, 60, "one target")
    return Result(
        "names",
        "Names",
        METHOD,
        [
            Figure("running until answered on another host, p50", "ms", milliseconds, "p50", 100),
            Figure("running until answered on another host, p99", "ms", milliseconds, "p99", 500),
        ],
    )
