# SPDX-License-Identifier: Apache-2.0
"""Whether the disk is full. The server logs this once, and once more when there is room again."""

from __future__ import annotations

import logging
from collections.abc import Callable

from orca.store.errors import NoSpace, causes
from orca.store.tx import Tx

log = logging.getLogger(__name__)


class Space:
    """What the writer found. ``means_full``: whether an error of the database says that its disk is full."""

    def __init__(self, means_full: Callable[[BaseException], bool]) -> None:
        self._means_full = means_full
        self.full = False
        """The last write found no room: the server only reads."""

    def ran_out(self, error: BaseException) -> bool:
        """True if an error comes from a full disk."""
        return any(self._means_full(cause) for cause in causes(error))

    def told(self, error: BaseException) -> BaseException:
        """The error for a unit's caller: ``NoSpace`` if the disk is full, else the error itself."""
        if not self.ran_out(error):
            return error
        if not self.full:
            self.full = True
            log.error("%s", NoSpace())
        return NoSpace()

    def written(self, tx: Tx | None) -> None:
        """A unit became durable; if it wrote something, there is room."""
        if self.full and tx is not None and tx.touched:
            self.full = False
            log.warning("the disk has room again: writing goes on")
