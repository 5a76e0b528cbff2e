# SPDX-License-Identifier: Apache-2.0
"""Files written, but not yet loaded by the daemon that reads them: a mark that survives a crash between the two."""

from __future__ import annotations

import contextlib
import os
from typing import List

from . import files


class Pending:
    """A mark file beside the data, holding what the daemon must be told, one word a line."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, ".pending")

    def words(self) -> List[str]:
        """What an earlier, interrupted application left to be told."""
        return (files.read(self._path) or "").split()

    def mark(self, words: List[str]) -> None:
        """Before the first file is written."""
        files.write(self._path, "".join(word + "\n" for word in words))

    def clear(self) -> None:
        """After the daemon has loaded everything."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)
