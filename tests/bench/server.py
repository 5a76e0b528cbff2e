# SPDX-License-Identifier: Apache-2.0
"""The server: how soon it answers, how much memory it takes, and that 512 MB are enough for it."""

from __future__ import annotations

import compileall
import json
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
from lab import Lab
from provision import ROOT
from waiting import until

from bench.limits import limited
from bench.result import Figure, Result
from bench.scaling import COMPOSE, COUNT

START, MEMORY, LIMIT = 1.0, 100.0, 512  # s, MB, MiB

METHOD = (
    "Start: `orca server` on loopback, from before its process is made until the first 200 to a request with the "
    "admin key, asked every 5 ms; in an empty data folder (database, authority, certificate and keys are made) "
    "and in a used one; its modules are compiled to bytecode, as those of an installed server are. Memory: `VmRSS` "
    f"of the server of the three hosts. Limit: the service gets a cgroup of {LIMIT} MiB, is restarted in it, all "
    f"hosts come back, and a stack of {COUNT} containers is started and removed; peak and kills are those that the "
    "kernel counted for the cgroup, page cache included."
)


ORCA = ROOT / ".venv/bin/orca"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_to_answer(data: Path, port: int, orca: Path = ORCA) -> float:
    """Start a server in `data`, wait for the first authenticated 200, stop it."""
    argv = [str(orca), "server", "--data-dir", str(data), "--listen", f"127.0.0.1:{port}"]
    admin = data / "admin.json"
    # Behind a file, not a pipe: a pipe that nobody reads would stop a talkative server.
    with (data.parent / "log").open("w+") as log, httpx.Client(timeout=2) as client:
        began = time.monotonic()
        process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT)

        def answers() -> bool:
            assert process.poll() is None, f"the server ended:\n{(data.parent / 'log').read_text()}"
            try:
                keys = json.loads(admin.read_text())
                url = f"http://127.0.0.1:{port}/v1/projects"
                return client.get(url, auth=(keys["accessKey"], keys["secretKey"])).status_code == 200
            except (FileNotFoundError, json.JSONDecodeError, httpx.TransportError):
                return False

        try:
            until(answers, 30, "an authenticated 200", every=0.005)
            return time.monotonic() - began
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def compiled(tree: Path) -> None:
    """Compile a checkout's modules, as those of an installed server are; where the environment forbids Python to keep
    bytecode, each start would do it.
    """
    for folder in ("src", "plugins/module_utils/hoststate"):
        compileall.compile_dir(tree / folder, quiet=2)


def starts(repeats: int) -> tuple[list[float], list[float]]:
    """Seconds to the first answer in an empty folder, and in the same folder again."""
    compiled(ROOT)
    empty, used = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir(mode=0o700)
            empty.append(seconds_to_answer(data, free_port()))
            used.append(seconds_to_answer(data, free_port()))
    return empty, used


def resident(lab: Lab) -> float:
    """Resident memory (MB) of the platform's server process."""
    pid = lab.server.run("systemctl", "show", "-P", "MainPID", "orca-server").strip()
    line = next(line for line in lab.server.run("cat", f"/proc/{pid}/status").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1000


def measure(lab: Lab, repeats: int) -> Result:
    empty, used = starts(repeats)
    lab.wait_for_agents()
    memory = [resident(lab)]
    with limited(lab, "orca-server", LIMIT) as cgroup:
        lab.wait_for_agents()
        with lab.stack("bench-limited", COMPOSE.format(image=lab.images["probe"], count=COUNT)):
            pass  # it was complete, and is removed
        peak, killed = cgroup.peak(), cgroup.kills()
    return Result(
        "server",
        "The server",
        METHOD,
        [
            Figure("start to first authenticated 200, empty data folder", "s", empty, target=START),
            Figure("start to first authenticated 200, used data folder", "s", used, target=START),
            Figure("resident memory, three hosts connected", "MB", memory, "max", MEMORY),
            Figure(
                f"peak of a cgroup of {LIMIT} MiB that serves three hosts", "MB", [peak], "max", LIMIT * 2**20 / 1e6
            ),
            Figure(f"processes killed for memory in {LIMIT} MiB", "", [float(killed)], "max", 0),
        ],
    )
