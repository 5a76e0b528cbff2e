# SPDX-License-Identifier: Apache-2.0
"""What the agent is doing, in its log and in ``status.json`` for people on the host."""

import logging
from typing import Literal

from orca.wire import now_ms

from .identity import write_private_json
from .paths import Paths

State = Literal["starting", "connecting", "connected", "failed"]

_log = logging.getLogger(__name__)


class Status:
    """Writes the file on change only. ``failed`` is not the end: the agent keeps trying."""

    def __init__(self, paths: Paths) -> None:
        """Args: where the file lies."""
        self._path = paths.status
        self._shown: tuple[State, str] | None = None

    def show(self, state: State, message: str = "") -> None:
        """Write what the agent does now."""
        if (state, message) == self._shown:
            return
        self._shown = (state, message)
        _log.log(logging.ERROR if state == "failed" else logging.INFO, "%s%s", state, f": {message}" if message else "")
        write_private_json(self._path, {"state": state, "message": message, "since": now_ms()})
