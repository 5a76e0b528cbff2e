# SPDX-License-Identifier: Apache-2.0
"""Under which conditions something was measured."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from machine import Machine, sh
from provision import ROOT

WATCH_SECONDS = 5.0


def value(path: str, key: str) -> str:
    """The first value of `key` in a file of `key : value` or `KEY=value` lines."""
    for line in Path(path).read_text().splitlines():
        name, separator, text = line.partition("=" if "=" in line else ":")
        if separator and name.strip() == key:
            return text.strip().strip('"')
    return "unknown"


def conditions(hosts: Sequence[Machine], repeats: int) -> dict[str, str]:
    """Of the control node, and of the hosts, whose engines differ."""
    memory = int(value("/proc/meminfo", "MemTotal").split()[0]) / 2**20
    found = {
        "machine": f"{os.cpu_count()} cores ({value('/proc/cpuinfo', 'model name')}), {memory:.0f} GiB, "
        "shared by the control node, the server and all hosts",
        "system": f"{value('/etc/os-release', 'PRETTY_NAME')}, Linux {platform.release()}",
        "versions": f"orca.platform {version('orca-platform')} at {revision()}, Python {platform.python_version()}, "
        f"ansible-core {version('ansible-core')}",
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "repeats": str(repeats),
        "just before": f"processors {busy():.0f} % busy; ten million additions in Python take {loop():.2f} s; "
        f"a durable write of 4 KiB takes {flush():.1f} ms",
    }
    if hosts:
        engines = [host.run("docker", "version", "-f", "{{.Server.Version}}").strip() for host in hosts]
        found["versions"] += f", Docker {', '.join(engines)} on the hosts"
    return found


def busy() -> float:
    """How much (%) of all cores was used in the last seconds, by anyone, or taken away by a hypervisor; see proc(5)."""

    def read() -> tuple[int, int]:
        fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = read()
    time.sleep(WATCH_SECONDS)
    total_after, idle_after = read()
    return 100 * (1 - (idle_after - idle) / (total_after - total))


def loop() -> float:
    """Seconds for a fixed piece of work: shared machines are not always as fast as their cores are."""
    began, value = time.monotonic(), 0
    for number in range(10_000_000):
        value += number
    return time.monotonic() - began


def flush() -> float:
    """Milliseconds (median) until a small write beside the results is on the disk: every COMMIT waits for one."""
    seconds = []
    with tempfile.NamedTemporaryFile(dir=ROOT) as file:
        for _ in range(100):
            began = time.monotonic()
            os.write(file.fileno(), bytes(4096))
            os.fsync(file.fileno())
            seconds.append(time.monotonic() - began)
    return statistics.median(seconds) * 1000


def revision() -> str:
    """The commit that was measured, marked when the checkout differs from it; an archive has none."""
    done = sh("git", "-C", str(ROOT), "describe", "--always", "--dirty", check=False)
    return done.stdout.strip() or "an unknown commit"
