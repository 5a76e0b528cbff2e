# SPDX-License-Identifier: Apache-2.0
"""The stream URLs: who brings a good token is let in and shown what it allows."""

from __future__ import annotations

import asyncio
import contextlib
import time

from starlette.websockets import WebSocket

from orca import wire
from orca.api.ask import Ask
from orca.api.signer import BadToken, Signer
from orca.api.streams.backends import Backends
from orca.api.streams.fan import Fan
from orca.api.streams.grants import Many, Single, granted
from orca.api.streams.relay import GONE, STOPPING, End, relay
from orca.engine import Services
from orca.resources.errors import Refused


class StreamSockets:
    """Serves viewers. Tokens for commands are remembered until they expire: each is good for one."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._used: dict[str, int] = {}

    async def serve(self, viewer: WebSocket, ask: Ask, stopping: asyncio.Event) -> None:
        """Show a stream to its end. Raises ``Refused`` before the viewer is let in."""
        allowed = await self._allowed(ask)
        if isinstance(allowed, Many):
            await viewer.accept()
            showing = asyncio.create_task(Fan(self._services, allowed.plan, viewer).serve())
        else:
            backend = await self._services.part(Backends).open(allowed.agent_id, allowed.source)
            try:
                await viewer.accept()
            except BaseException:
                backend.done.set()
                raise
            takes_input = isinstance(allowed.source, wire.ContainerExec)
            showing = asyncio.create_task(relay(viewer, backend, takes_input=takes_input))
        end = await until(showing, stopping)
        with contextlib.suppress(*GONE):  # the viewer left first
            await viewer.close(end.code, end.reason)

    async def _allowed(self, ask: Ask) -> Single | Many:
        token = ask.first("token") or ""
        try:
            # In a thread: the first token of all loads the key and the libraries.
            claims = await asyncio.to_thread(self._services.part(Signer).check, token)
            if not {"sub", "accountId", "path", "resourceType", "resourceId"} <= claims.keys():
                raise BadToken("not a token for a stream")
        except BadToken as error:
            raise Refused("Unauthorized", f"the token is not valid: {error}", status=401) from None
        if claims["jti"] in self._used:
            raise Refused("Unauthorized", "the token was used already", status=401)
        allowed = await self._services.db.read(lambda tx: granted(tx, ask, claims))
        if isinstance(allowed, Single) and isinstance(allowed.source, wire.ContainerExec):
            self._use(claims["jti"], claims["exp"])
        return allowed

    def _use(self, token_id: str, expires: int) -> None:
        """Remember a token that is good for one stream. Raises ``Refused`` when another request was faster."""
        if token_id in self._used:
            raise Refused("Unauthorized", "the token was used already", status=401)
        now = time.time()
        self._used = {id: end for id, end in self._used.items() if end >= now}
        self._used[token_id] = expires


async def until(showing: asyncio.Task[End], stopping: asyncio.Event) -> End:
    """The end of a stream, or of the server."""
    stopped = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([showing, stopped], return_when=asyncio.FIRST_COMPLETED)
        return showing.result() if showing.done() else STOPPING
    finally:
        stopped.cancel()
        showing.cancel()
        await asyncio.gather(stopped, showing, return_exceptions=True)
