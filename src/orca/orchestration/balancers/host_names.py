# SPDX-License-Identifier: Apache-2.0
"""The addresses of external services that balancers know by a host name only.

The server looks each name up regularly and keeps what it found with the service's map, from which the config items
follow. A name that cannot be looked up keeps its last addresses.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from functools import partial

from orca.engine import Core
from orca.resources import rows
from orca.store import ReadTx, Tx

SECONDS = 30.0
"""Between two questions for one name."""
AT_ONCE = 8
"""Most questions at the same time: each has a thread, until the resolver gives up."""
MOST_ADDRESSES = 64

log = logging.getLogger(__name__)


class HostNames:
    """Looks up the names behind balancers, of all projects. ``known`` gives them by the ids of their maps."""

    def __init__(self, core: Core, known: Callable[[], dict[int, str]]) -> None:
        self._core = core
        self._known = known
        self._asking = asyncio.Semaphore(AT_ONCE)
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There are new names."""
        self._wake.set()

    async def run(self) -> None:
        """Look up again and again until cancelled."""
        while True:
            self._wake.clear()
            names: dict[str, list[int]] = {}
            for id, name in self._known().items():
                names.setdefault(name, []).append(id)
            await asyncio.gather(*(self._renew(name, ids) for name, ids in names.items()))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SECONDS if names else None):
                    await self._wake.wait()

    async def _renew(self, name: str, ids: list[int]) -> None:
        async with self._asking:
            try:
                found = await addresses_of(name)
            except OSError as error:
                log.info("host name %s behind a balancer: %s", name, error)
                return
        found = sorted(set(found))[:MOST_ADDRESSES]
        if await self._core.db.read(partial(_others, ids=ids, addresses=found)):
            await self._core.db.write(partial(_keep, ids=ids, addresses=found))


async def addresses_of(name: str) -> list[str]:
    """The IPv4 addresses of a name, as the server's own resolver knows them.

    Raises:
        OSError: there are none, or nobody answers.
    """
    found = await asyncio.get_running_loop().getaddrinfo(name, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _others(tx: ReadTx, ids: list[int], addresses: list[str]) -> bool:
    return any(row.addresses != addresses for row in tx.find(rows.ServiceExposeMap, id=ids))


def _keep(tx: Tx, ids: list[int], addresses: list[str]) -> None:
    for row in tx.find(rows.ServiceExposeMap, id=ids):
        if row.addresses != addresses:
            tx.update(row, addresses=addresses)
