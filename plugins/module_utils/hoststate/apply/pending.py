# SPDX-License-Identifier: Apache-2.0
"""A mark for files that were written but not yet loaded by their daemon; it survives a crash between the two."""

from __future__ import annotations

import contextlib
import os
from typing import List

from . import files


class Pending:
    """A mark file beside the data, with the work left for the daemon, one word per line."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, ".pending")

    def words(self) -> List[str]:
        """The words that an earlier, interrupted application left."""
        return (files.read(self._path) or "").split()

    def mark(self, words: List[str]) -> None:
        """Write the mark, before the first file."""
        files.write(self._path, "".join(word + "\n" for word in words))

    def clear(self) -> None:
        """Remove the mark, after the daemon has loaded everything."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
