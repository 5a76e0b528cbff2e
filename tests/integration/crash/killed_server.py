# SPDX-License-Identifier: Apache-2.0
"""The server's command, with a named point where the process kills itself the Nth time it gets there once armed.

Usage: ``killed_server.py POINT NTH server --data-dir …``.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from orca.cli import main
from orca.simulator.connection import SimConnection
from orca.store.pool import PoolWriter
from orca.store.writer import Writer

ARM = signal.SIGUSR1
POINTS = ("before commit", "after commit", "command sent", "before the reply")


def kill_at(point: str, nth: int) -> None:
    """Make the server's parts pass the points."""
    armed, passed = False, 0

    def arm(*_: object) -> None:
        nonlocal armed
        armed = True

    signal.signal(ARM, arm)

    def reach(name: str) -> None:
        nonlocal passed
        if armed and name == point:
            passed += 1
            if passed == nth:
                os.kill(os.getpid(), signal.SIGKILL)

    for writer in (Writer, PoolWriter):
        pass_commit(writer, reach)
    request = SimConnection.request

    async def command(self: SimConnection, name: str, *args: Any, **more: Any) -> Any:
        reach("command sent")
        answer = await request(self, name, *args, **more)
        reach("before the reply")
        return answer

    SimConnection.request = command  # type: ignore[method-assign]


def pass_commit(writer: Any, reach: Callable[[str], None]) -> None:
    """Make a kind of writer pass the points around COMMIT."""
    record, answer = writer._record_events, writer._answer

    def before(self: Any, *args: Any) -> Any:
        result = record(self, *args)
        reach("before commit")
        return result

    def after(self: Any, *args: Any) -> None:
        reach("after commit")
        answer(self, *args)

    writer._record_events, writer._answer = before, after


if __name__ == "__main__":
    kill_at(sys.argv.pop(1), int(sys.argv.pop(1)))
    main()
