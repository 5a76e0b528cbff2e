# SPDX-License-Identifier: Apache-2.0
"""The stream URLs: a viewer with a valid token is admitted and shown what it allows."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Any

from starlette.websockets import WebSocket

from orca import wire
from orca.api.callers.caller import Caller
from orca.api.callers.signer import BadToken, Signer
from orca.api.requests.ask import Ask
from orca.api.streams.backends import Backends
from orca.api.streams.fan import Fan
from orca.api.streams.grants import Many, Single, granted
from orca.api.streams.relay import GONE, STOPPING, End, relay
from orca.api.streams.revocation import shut_out
from orca.engine import Core
from orca.resources.errors import Refused


class StreamSockets:
    """Serves viewers. Tokens for commands are remembered until they expire: each is valid for one command."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._used: dict[str, int] = {}

    async def serve(self, viewer: WebSocket, ask: Ask, stopping: asyncio.Event) -> None:
        """Show a stream to its end. Raises ``Refused`` before the viewer is admitted."""
        claims = await self._claims(ask)
        caller, allowed = await self._allowed(ask, claims)
        caller.introduce(ask)
        if isinstance(allowed, Many):
            await viewer.accept()
            showing = asyncio.create_task(Fan(self._core, allowed.plan, viewer).serve())
        else:
            backend = await self._core.part(Backends).open(allowed.agent_id, allowed.source)
            try:
                await viewer.accept()
            except BaseException:
                backend.done.set()
                raise
            takes_input = isinstance(allowed.source, wire.ContainerExec)
            showing = asyncio.create_task(relay(viewer, backend, takes_input=takes_input))
        end = await first(showing, stopped(stopping), shut_out(self._core, claims, caller.role))
        with contextlib.suppress(*GONE):  # the viewer left first
            await viewer.close(end.code, end.reason)

    async def _claims(self, ask: Ask) -> dict[str, Any]:
        """The claims of a valid token. Raises ``Refused`` with 401."""
        token = ask.first("token") or ""
        try:
            # In a thread: the first token of all loads the key and the libraries.
            claims = await asyncio.to_thread(self._core.part(Signer).check, token)
            if not {"sub", "accountId", "path", "resourceType", "resourceId"} <= claims.keys():
                raise BadToken("not a token for a stream")
        except BadToken as error:
            raise Refused("Unauthorized", f"the token is not valid: {error}", status=401) from None
        if claims["jti"] in self._used:
            raise Refused("Unauthorized", "the token was used already", status=401)
        return claims

    async def _allowed(self, ask: Ask, claims: dict[str, Any]) -> tuple[Caller, Single | Many]:
        caller, allowed = await self._core.db.read(lambda tx: granted(tx, ask, claims))
        if isinstance(allowed, Single) and isinstance(allowed.source, wire.ContainerExec):
            self._use(claims["jti"], claims["exp"])
        return caller, allowed

    def _use(self, token_id: str, expires: int) -> None:
        """Remember a token that is valid for one stream. Raises ``Refused`` if another request was faster."""
        if token_id in self._used:
            raise Refused("Unauthorized", "the token was used already", status=401)
        now = time.time()
        self._used = {id: end for id, end in self._used.items() if end >= now}
        self._used[token_id] = expires


async def stopped(stopping: asyncio.Event) -> End:
    """The end of a stream when the server stops."""
    await stopping.wait()
    return STOPPING


async def first(*ends: Coroutine[Any, Any, End] | asyncio.Task[End]) -> End:
    """Wait for the first of several ends; cancel the others."""
    tasks = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task in done).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
