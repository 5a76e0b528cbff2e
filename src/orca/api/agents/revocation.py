# SPDX-License-Identifier: Apache-2.0
"""End an agent's connection as soon as its key is no longer valid."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from orca.api.agents.socket import AgentSocket
from orca.api.callers.caller import Caller
from orca.engine import Core
from orca.resources.errors import Refused
from orca.store import Change, Overflow

ACCESS = frozenset({"account", "credential"})
SHUT_OUT = (401, 403)


@contextlib.asynccontextmanager
async def watched(
    core: Core, agent: AgentSocket, caller: Caller, identify: Callable[[], Awaitable[Caller]]
) -> AsyncIterator[None]:
    """Watch over a connection while it lasts. ``identify``: who asks, as of now."""
    watching = asyncio.create_task(_watch(core, agent, caller, identify))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _watch(core: Core, agent: AgentSocket, caller: Caller, identify: Callable[[], Awaitable[Caller]]) -> None:
    with core.db.bus.subscribe(ACCESS) as changes:
        concerned = True  # no batch holds the changes since the caller was identified
        while True:
            if concerned:
                try:
                    await identify()
                except Refused as refused:
                    if refused.status in SHUT_OUT:
                        await agent.close("the agent's key is not valid any more")
                        return
            try:
                concerned = any(_concerns(change, caller) for change in await changes.batch())
            except Overflow:
                concerned = True


def _concerns(change: Change, caller: Caller) -> bool:
    if change.root == "account":
        return change.id in (caller.account.id, caller.user.id)
    return caller.proof is not None and change.id == caller.proof.id
