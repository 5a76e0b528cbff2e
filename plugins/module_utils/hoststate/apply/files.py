# SPDX-License-Identifier: Apache-2.0
"""Files that are complete at every instant: written beside, synced, renamed over."""

from __future__ import annotations

import os
import tempfile
from typing import Optional

from .result import Result


def read(path: str) -> Optional[str]:
    """Text of ``path``, or ``None`` when there is no such file."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def write(path: str, text: str, mode: int = 0o644) -> None:
    """Replace ``path`` atomically; its directory must exist."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        os.rename(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def ensure(
    path: str, text: Optional[str], result: Result, check: bool, mode: int = 0o644, secret: bool = False
) -> bool:
    """Make ``path`` hold ``text`` (``None``: remove it), record it, and return whether that is a change.

    :param secret: keep the content out of the recorded diff.
    """
    current = read(path)
    if current == text:
        return False
    shown = ("(hidden)", "(hidden)") if secret else (current or "", text or "")
    result.add(("remove " if text is None else "write ") + path, *shown)
    if check:
        return True
    if text is None:
        os.unlink(path)
    else:
        write(path, text, mode)
    return True


def ensure_directory(path: str, mode: int, result: Result, check: bool) -> None:
    """Make ``path`` a directory with exactly ``mode``."""
    try:
        current = os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        result.add("create directory " + path)
        if not check:
            os.makedirs(path)
            os.chmod(path, mode)  # makedirs' own mode is subject to the umask
        return
    if current != mode:
        result.add("set mode of " + path, oct(current), oct(mode))
        if not check:
            os.chmod(path, mode)
