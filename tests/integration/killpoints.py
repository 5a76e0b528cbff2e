# SPDX-License-Identifier: Apache-2.0
"""Named points where a server's process kills itself the Nth time it gets there: around a COMMIT and a command."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from orca.simulator.pipe import Pipe
from orca.store.writer import Writer

ARM = signal.SIGUSR1
POINTS = ("before commit", "after commit", "command sent", "before the reply")


def kill_at(point: str, nth: int, connection: type[Pipe], *, armed: bool = True) -> None:
    """Make the server's parts pass the points; ``armed`` false: nothing happens before the signal ``ARM``."""
    passed = 0

    def arm(*_: object) -> None:
        nonlocal armed
        armed = True

    def reach(name: str) -> None:
        nonlocal passed
        if armed and name == point:
            passed += 1
            if passed == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    signal.signal(ARM, arm)
    _pass_commit(Writer, reach)
    _pass_command(connection, reach)


def _pass_commit(writer: Any, reach: Callable[[str], None]) -> None:
    record, answer = writer._record_events, writer._answer

    def before(self: Any, *args: Any) -> Any:
        result = record(self, *args)
        reach("before commit")
        return result

    def after(self: Any, *args: Any) -> None:
        reach("after commit")
        answer(self, *args)

    writer._record_events, writer._answer = before, after


def _pass_command(connection: Any, reach: Callable[[str], None]) -> None:
    request = connection.request

    async def command(self: Pipe, name: str, *args: Any, **more: Any) -> Any:
        reach("command sent")
        answer = await request(self, name, *args, **more)
        reach("before the reply")
        return answer

    connection.request = command
