# SPDX-License-Identifier: Apache-2.0
"""How a process can end early. Any other exception of a handler is retried with back-off and shown as the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orca.store import Tx


class Failed(Exception):
    """The process cannot succeed; the resource gets ``transitioning: error`` with this message.

    ``state``: the state the resource is left in (None: where the process started from). ``chain``: the process that
    follows, with the error kept on the resource (``Failed("no such image", chain="remove")``). ``unit``: also runs in
    the unit that ends the process.
    """

    def __init__(
        self,
        message: str,
        *,
        state: str | None = None,
        chain: str | None = None,
        unit: Callable[[Tx], object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.state = state
        self.chain = chain
        self.unit = unit


class CommandFailed(Failed):
    """The agent answered a command with an error. ``data`` is what came with it."""

    def __init__(self, message: str, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.data = data or {}


class CommandTimeout(Exception):
    """The agent was connected but did not answer in time; the command was cancelled there."""


class AgentGone(Exception):
    """The agent's connection ended before its answer."""


class Superseded(Exception):
    """The process is no longer ours: a later request replaced it, or another server took it over."""
