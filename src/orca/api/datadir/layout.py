# SPDX-License-Identifier: Apache-2.0
"""The data directory: which process holds it, and whether it is complete.

Keys and database are made in a new directory only. In one that was in use, a missing file is a loss. A server that made
a new file in its place would be a different one: hosts would not trust it, and nobody could read its secrets.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from orca.store import files
from orca.store.vault import KEY_BYTES

FIRST_START = "first-start"
"""This file exists during the first start; if it is still there, the first start was cut off and is repeated."""
DATABASE = "orca.db"
MASTER_KEY = "master.key"
TOKEN_KEY = "token.key"  # noqa: S105 - a name
SERVER_ID = "server-id"
AUTHORITY = ("tls/ca.crt", "tls/ca.key")
SQLITE = b"SQLite format 3\0"


class StartError(Exception):
    """The server cannot start; the message says why and what to do."""


@dataclass(frozen=True)
class Loss:
    """A file that is missing or changed. ``made``: whether ``--recover-keys`` makes another."""

    name: str
    what: str
    made: bool = True


@contextlib.contextmanager
def locked(data_dir: Path) -> Generator[None]:
    """Hold a data directory: each of two servers on one would take the other's work for its own."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StartError(f"another server runs on {data_dir}") from None
    try:
        yield
    finally:
        os.close(descriptor)


def check(data_dir: Path, *, own_database: bool) -> bool:
    """Check that a directory in use is complete, and mark a new one; return whether it is new. Raises ``StartError``.

    ``own_database``: whether its database is the file in it.
    """
    marker = data_dir / FIRST_START
    if marker.exists():
        return True
    if not in_use(data_dir):
        files.put(marker, b"")
        return True
    lost = losses(data_dir, own_database=own_database)
    if lost:
        told = "; ".join(f"{data_dir / loss.name} {loss.what}" for loss in lost)
        cure = f"put the keys back from your copy, or do without them: orca server --data-dir {data_dir} --recover-keys"
        if not all(loss.made for loss in lost):
            cure = f"put it back from a backup: orca server --data-dir {data_dir} restore FILE"
        raise StartError(f"{told}. This directory was in use: {cure}")
    return False


def complete(data_dir: Path) -> None:
    """Mark the first start as done: from now on every file must be there."""
    marker = data_dir / FIRST_START
    if marker.exists():
        files.sync_folder(data_dir)
        marker.unlink()
        files.sync_folder(data_dir)


def in_use(data_dir: Path) -> bool:
    """True if it holds any file of a server."""
    return any((data_dir / name).exists() for name in (MASTER_KEY, TOKEN_KEY, SERVER_ID, DATABASE, *AUTHORITY))


def losses(data_dir: Path, *, own_database: bool) -> list[Loss]:
    """The files that are missing or changed in a directory in use."""
    needed: list[tuple[str, Callable[[bytes], bool], bool]] = [
        (MASTER_KEY, lambda content: len(content) == KEY_BYTES, True),
        (SERVER_ID, _is_uuid, True),
        *((name, _is_pem, True) for name in AUTHORITY),
    ]
    if (data_dir / TOKEN_KEY).exists():  # made when it is first needed
        needed.append((TOKEN_KEY, _is_pem, True))
    if own_database:
        needed.append((DATABASE, lambda content: content.startswith(SQLITE), False))
    lost = []
    for name, sound, made in needed:
        path = data_dir / name
        if not path.exists():
            lost.append(Loss(name, "is missing", made))
            continue
        with path.open("rb") as file:
            content = file.read(65_536)
        if not content:
            lost.append(Loss(name, "is empty", made))
        elif not sound(content):
            lost.append(Loss(name, "is damaged", made))
    return lost


def _is_uuid(content: bytes) -> bool:
    try:
        uuid.UUID(content.decode().strip())
    except ValueError:
        return False
    return True


def _is_pem(content: bytes) -> bool:
    text = content.strip()
    return text.startswith(b"-----BEGIN ") and text.endswith(b"-----") and b"-----END " in text
