# SPDX-License-Identifier: GPL-3.0-or-later
"""A pretended host: its files, and what its kernel shows below /proc and /sys, lie below a folder."""

from __future__ import annotations

import builtins
import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.orca.platform.plugins.module_utils import _agent
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply import Host, netlink

KERNEL = ("/proc/sys/", "/proc/net/", "/proc/self/status", "/sys/class/net/", "/sys/fs/", "/run/systemd/", "/run/lock/")
STATE = "var/lib/orca"
ROUTES = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n"
UPLINK = "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n"


@contextlib.contextmanager
def fresh_root() -> Iterator[Path]:
    """An empty folder. Its path is short: that of a Unix socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="orca-") as folder:
        yield Path(folder)


def make(root: Path, **settings: str) -> None:
    """Fill the root: a kernel with these settings (`__` stands for a slash), one default route, one resolver."""
    files = {
        "proc/net/route": ROUTES + UPLINK,
        "sys/class/net/eth0/mtu": "1500\n",
        "etc/resolv.conf": "nameserver 192.0.2.53\n",
    }
    files.update({f"proc/sys/{name.replace('__', '/')}": f"{value}\n" for name, value in settings.items()})
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / STATE).parent.mkdir(parents=True, exist_ok=True)


@contextlib.contextmanager
def host_at(root: Path) -> Iterator[None]:
    """While it lasts, modules find the host below `root`."""
    state = str(root / STATE)
    with contextlib.ExitStack() as stack:
        for function, defaults in (
            (Host.__init__, (state, str(root / "docker.sock"), str(root / "etc/resolv.conf"))),
            (_agent.AgentFiles.__init__, (state,)),
        ):
            stack.enter_context(mock.patch.object(function, "__defaults__", defaults))
        for owner, name in ((builtins, "open"), (os, "listdir"), (os, "stat")):
            stack.enter_context(mock.patch.object(owner, name, _moved(getattr(owner, name), root)))
        # The kernel tracks no connections.
        stack.enter_context(mock.patch.object(netlink, "ask", lambda *_: iter(())))
        yield


def _moved(function: Callable[..., Any], root: Path) -> Callable[..., Any]:
    """`function` of a path, with what belongs to the kernel below `root`."""

    def call(path: Any, *arguments: Any, **more: Any) -> Any:
        inside = isinstance(path, str) and path.startswith(KERNEL)
        return function(root / path.lstrip("/") if inside else path, *arguments, **more)

    return call


LOCK = {STATE, f"{STATE}/host", f"{STATE}/host/items", f"{STATE}/host/lock"}
"""What comes with the lock that is held while a host changes."""


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of each file and folder below `root`, by path; sockets, which come and go, are left out."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_dir() or path.is_file():
            found[str(path.relative_to(root))] = (path.stat().st_mode, path.read_bytes() if path.is_file() else b"")
    return found


def write_json(path: Path, document: Any) -> None:
    """Write a document, and the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def agent_files(root: Path, **documents: Any) -> None:
    """Files of the agent, by name without ending."""
    for name, document in documents.items():
        write_json(root / STATE / "agent" / f"{name}.json", document)


def owned(kind: str, owner: str) -> Callable[[Path], None]:
    """A host on which `owner` has applied this kind of state."""

    def prepare(root: Path) -> None:
        make(root)
        write_json(root / STATE / "host" / f"{kind}.json", {"owner": owner, "version": 7, "sha256": "0", "updated": 1})

    return prepare
