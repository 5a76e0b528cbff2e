# SPDX-License-Identifier: Apache-2.0
"""Keep the host as the config items describe it."""

import asyncio
import contextlib
import logging

from orca.hoststate.apply import (
    EngineUnavailable,
    Host,
    HostStateError,
    Kind,
    Result,
    certificate_request,
    initiate_mesh,
)
from orca.hoststate.apply.kernel import ensure_hairpin

from .config import Config
from .errors import AgentError

LOOK_SECONDS = 5.0  # tampering must be healed within 10

_log = logging.getLogger(__name__)


class HostKeeper:
    """Repairs drift, and does what containers need from the host."""

    def __init__(self, host: Host, config: Config) -> None:
        """Args: hoststate's view of the host, and the items in effect."""
        self._host = host
        self._config = config
        self._request: str | None = None
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """Make the next check now."""
        self._hurry.set()

    async def run(self) -> None:
        """Check every few seconds until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._hurry.wait()
            self._hurry.clear()
            try:
                drifted = await self._look()
            except (HostStateError, OSError) as error:
                _log.error("cannot see whether the host drifted: %s", error)
            else:
                if drifted:
                    names = ", ".join(kind.name for kind in drifted)
                    _log.warning("somebody changed this host; restoring %s", names)
                    await self._config.reapply(drifted)

    async def _look(self) -> list[Kind]:
        """Return the kinds that drifted.

        Raises:
            HostStateError: the host cannot be observed.
        """
        try:
            return await self._config.drifted(docker=True)
        except EngineUnavailable:
            return await self._config.drifted(docker=False)  # rules and routes can still be checked and mended

    async def container_started(self) -> None:
        """Let the bridge port of a new container send frames back, so that it reaches its own published port."""
        network = self._config.network
        if network is None:
            return
        try:
            await asyncio.to_thread(ensure_hairpin, network["bridge"], Result(), False)
        except HostStateError as error:
            _log.error("%s", error)  # the next check tries again; the container runs

    async def address_changed(self) -> None:
        """Dial the tunnels again from this side: peers that usually dial do not know the new address yet."""
        try:
            await asyncio.to_thread(initiate_mesh, self._host)
        except HostStateError as error:
            _log.error("%s", error)

    async def certificate_request(self, uuid: str) -> str:
        """Return the request (PEM) for this host's mesh certificate. The first call makes the key.

        Raises:
            AgentError: no key or request can be made.
        """
        if self._request is None:
            try:
                self._request = await asyncio.to_thread(certificate_request, self._host, uuid)
            except (HostStateError, OSError) as error:
                raise AgentError(f"no certificate request for the mesh: {error}") from error
        return self._request
