# SPDX-License-Identifier: Apache-2.0
"""End a stream as soon as its viewer loses the right to it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from orca.api.events.subscriber import RECHECK_INTERVAL
from orca.api.streams.grants import bearer
from orca.api.streams.relay import End
from orca.engine import Core
from orca.resources.errors import Refused
from orca.store import Change, Overflow, Subscription

ACCESS = frozenset({"account", "authToken", "credential", "projectMember"})
CLOSE_POLICY: Final = 1008  # RFC 6455, section 7.4.1


async def shut_out(core: Core, claims: dict[str, Any], role: str) -> End:
    """Wait until the token's user loses access, or has another role than when the stream was opened.

    Sessions expire without a change, so this also checks at intervals.
    """
    with core.db.bus.subscribe(ACCESS) as changes:
        while True:
            try:
                caller = await core.db.read(lambda tx: bearer(tx, claims))
            except Refused as refused:
                return End(CLOSE_POLICY, refused.message)
            if caller.role != role:
                return End(CLOSE_POLICY, "your role in this project has changed")
            with contextlib.suppress(Overflow, TimeoutError):
                async with asyncio.timeout(RECHECK_INTERVAL):
                    await concerned(changes, claims)


async def concerned(changes: Subscription, claims: dict[str, Any]) -> None:
    """Wait for a change that may concern the token's user. Raises ``Overflow``."""
    while not any(_concerns(change, claims) for change in await changes.batch()):
        pass


def _concerns(change: Change, claims: dict[str, Any]) -> bool:
    if change.root == "projectMember":
        return True
    return (change.id if change.root == "account" else change.account_id) in (int(claims["sub"]), claims["accountId"])
