# SPDX-License-Identifier: Apache-2.0
"""What the platform's containers cost on a host that has nothing to do."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

from lab import PARTS, Lab
from machine import Machine

from bench.result import Figure, Result

SECONDS = 60.0
TARGET_MEMORY, TARGET_CPU = 60.0, 0.5  # MB, % of a core
# Sums over a container's processes: resident memory (kB), CPU time (s) with that of reaped children, see proc(5).
# Run on the machine, whose /proc has the processes of its containers.
READ = r"""
import json, os, subprocess, sys
usage = {}
table = {}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/status") as file:
            resident = sum(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
    except FileNotFoundError:
        continue
    table[int(pid)] = (int(fields[1]), sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK"), resident)
for name in sys.argv[1:]:
    first = int(subprocess.check_output(["docker", "inspect", "-f", "{{.State.Pid}}", name]))
    family = {first}
    while more := {pid for pid, (parent, _, _) in table.items() if parent in family} - family:
        family |= more
    cpu, resident = (sum(table[pid][column] for pid in family) for column in (1, 2))
    usage[name] = {"first": first, "cpu": cpu, "rss": resident}
print(json.dumps(usage))
"""

METHOD = (
    f"Every host's `/proc` is read twice, {SECONDS:.0f} s apart, with nothing asked of the platform and the "
    "demonstration stack running: resident memory, and user and system time of the container's processes and of "
    "the children they have reaped."
)

Usage = dict[str, dict[str, float]]


def read(machine: Machine) -> Usage:
    """Per container: first process, CPU time so far (s), resident memory (kB)."""
    usage: Usage = json.loads(machine.run("python3", "-", *PARTS, stdin=READ))
    return usage


def watch(machine: Machine) -> dict[str, tuple[float, float]]:
    """Per container: resident memory (MB) and share of a core (%) over SECONDS."""
    before, began = read(machine), time.monotonic()
    time.sleep(SECONDS)
    after, seconds = read(machine), time.monotonic() - began
    for name in PARTS:
        assert before[name]["first"] == after[name]["first"], f"{name} on {machine.name} began anew: it was not idle"
    share = {name: 100 * (after[name]["cpu"] - before[name]["cpu"]) / seconds for name in PARTS}
    return {name: (after[name]["rss"] / 1000, share[name]) for name in PARTS}


def measure(lab: Lab, repeats: int) -> Result:
    """`repeats` is for whole runs; here every host is a sample."""
    with ThreadPoolExecutor(len(lab.hosts)) as pool:
        per_host = list(pool.map(watch, lab.hosts))
    memory = {name: [host[name][0] for host in per_host] for name in PARTS}
    share = {name: [host[name][1] for host in per_host] for name in PARTS}
    return Result(
        "agent",
        "A host at idle",
        METHOD,
        [
            Figure("agent, resident memory", "MB", memory["orca-agent"], "max", TARGET_MEMORY),
            Figure("agent, share of a core", "%", share["orca-agent"], "max", TARGET_CPU),
            Figure("network agent, resident memory", "MB", memory["orca-net"], "max"),
            Figure("network agent, share of a core", "%", share["orca-net"], "max"),
            Figure("resolver, resident memory", "MB", memory["orca-dns"], "max"),
            Figure("resolver, share of a core", "%", share["orca-dns"], "max"),
        ],
    )
