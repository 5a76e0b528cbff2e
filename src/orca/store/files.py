# SPDX-License-Identifier: Apache-2.0
"""Write files so that they are there whole, or not at all, even after a crash."""

from __future__ import annotations

import os
from pathlib import Path


def put(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file durably, replacing an older one.

    ``mode``: its permissions. Raises ``OSError`` that names the file, also if the disk is full.
    """
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        error.filename = str(path)
        raise
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
