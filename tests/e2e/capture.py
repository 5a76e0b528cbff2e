# SPDX-License-Identifier: Apache-2.0
"""What travels on an interface of a machine while a block runs."""

from __future__ import annotations

import subprocess
from types import TracebackType

from machine import Machine
from waiting import until


class Capture:
    """tcpdump on `interface` of `machine`; afterwards `packets` (one line each) and `text` (payloads as ASCII)."""

    def __init__(self, machine: Machine, interface: str, expression: str) -> None:
        self.machine = machine
        self.file = f"/run/capture-{id(self)}.pcap"
        # -U and --immediate-mode: nothing may sit in a buffer when the block ends.
        self.argv = ("tcpdump", "-U", "--immediate-mode", "-ni", interface, "-w", self.file, expression)
        self.packets: list[str] = []
        self.text = ""

    def __enter__(self) -> Capture:
        self.process: subprocess.Popen[str] = self.machine.start(*self.argv)
        assert self.process.stdout is not None
        assert "listening on" in self.process.stdout.readline()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.machine.run("pkill", "-INT", "-f", self.file)
        self.process.communicate(timeout=10)
        until(lambda: not self.machine.succeeds("pgrep", "-f", f"tcpdump.*{self.file}"), 5, "tcpdump ends")
        self.packets = self.machine.run("tcpdump", "-nr", self.file).splitlines()
        self.text = self.machine.run("tcpdump", "-nAr", self.file)
        self.machine.run("rm", "-f", self.file)
