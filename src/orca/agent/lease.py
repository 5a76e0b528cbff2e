# SPDX-License-Identifier: Apache-2.0
"""What a host that was cut off, or has just booted, may run: its containers may run elsewhere by now.

The server answers each hello with the host's epoch, which names the containers that moved. Until then this host starts
nothing; after ten seconds without a server it starts what it ran before, save what is fenced. A fenced container never
runs on two hosts, so this host stops it once neither the server nor most other hosts can be reached. The server waits
longer than that before it starts a fenced container elsewhere.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable

from .errors import AgentError

MOVE_SECONDS = 3.0
"""A host that is silent for no longer than this loses nothing."""
ASK_SECONDS = 10.0
"""How long a host asks for its epoch before it goes on alone."""
LEASE_SECONDS = 20.0
"""How long what is fenced runs without the server and without most other hosts."""
BOOT_SECONDS = ASK_SECONDS
"""The same after this program's start: it does not know how long the host was alone before."""
TICK_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Lease:
    """When the server was heard last, and whether it has told what moved. Times are monotonic seconds."""

    def __init__(self, sees_most: Callable[[float], bool], redial: Callable[[], None]) -> None:
        """Begin without a word of the server.

        Args:
            sees_most: whether most hosts answered within so many seconds.
            redial: called when this host stood still: the server must tell the epoch again.
        """
        self._sees_most = sees_most
        self._redial = redial
        self._began = self._asked_since = time.monotonic()
        self._heard: float | None = None
        self._connected = False
        self._told = asyncio.Event()

    # -- what the server says ------------------------------------------------------------------------------------

    def heard(self) -> None:
        """A frame of the server has come."""
        if self._told.is_set():
            self._heard = time.monotonic()

    def told(self) -> None:
        """The server has told this host's epoch, and what moved will not start here."""
        self._heard, self._connected = time.monotonic(), True
        self._told.set()

    def cut(self) -> None:
        """The connection has ended."""
        self._connected = False

    # -- what follows --------------------------------------------------------------------------------------------

    async def may_start(self, is_fenced: Callable[[], bool]) -> None:
        """Return when a container that ran here may start again; a fenced one waits for the server."""
        self._doubt()
        while not self._told.is_set():
            left = self._asked_since + ASK_SECONDS - time.monotonic()
            if left <= 0 and not is_fenced():
                return
            try:
                async with asyncio.timeout(left if left > 0 else None):
                    await self._told.wait()
            except TimeoutError:
                continue

    def has_ended(self) -> bool:
        """True if what is fenced must not run here any longer."""
        since, patience = (self._began, BOOT_SECONDS) if self._heard is None else (self._heard, LEASE_SECONDS)
        return time.monotonic() - since > patience and not self._sees_most(patience)

    async def guard(self, fenced: Callable[[], Iterable[str]], suspend: Callable[[str], Awaitable[None]]) -> None:
        """Suspend what is ``fenced`` (uuids) when the lease ends. Runs until cancelled."""
        suspended: set[str] = set()
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)
            self._doubt(stood_still=time.monotonic() - began > TICK_SECONDS + MOVE_SECONDS)
            if not self.has_ended():
                suspended.clear()
                continue
            self._forget()
            for uuid in [uuid for uuid in fenced() if uuid not in suspended]:
                _log.warning("neither the server nor most hosts can be reached: fenced container %s stops", uuid)
                try:
                    await suspend(uuid)
                except AgentError as error:
                    _log.error("fenced container %s does not stop: %s", uuid, error)
                else:
                    suspended.add(uuid)

    def _doubt(self, *, stood_still: bool = False) -> None:
        """Forget what the server told once it may be true no more: after a silence, or when this host stood still.

        While most hosts can be reached, they reach this one too, and nothing moves: only the server is away.
        """
        if stood_still and self._told.is_set():
            _log.warning("this host stood still; asking the server what moved meanwhile")
            self._forget()
            self._redial()
            return
        silent = self._heard is not None and time.monotonic() - self._heard > MOVE_SECONDS
        if silent and not self._connected and not self._sees_most(MOVE_SECONDS):
            self._forget()

    def _forget(self) -> None:
        if self._told.is_set():
            self._told.clear()
            self._asked_since = time.monotonic()
