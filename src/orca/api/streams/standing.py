# SPDX-License-Identifier: Apache-2.0
"""A stream ends as soon as its viewer may not have opened it any more."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from orca.api.streams.grants import bearer
from orca.api.streams.relay import End
from orca.engine import Services
from orca.resources.errors import Refused
from orca.store import Change, Overflow

ACCESS = frozenset({"account", "projectMember"})
CLOSE_POLICY: Final = 1008  # RFC 6455, section 7.4.1


async def shut_out(services: Services, claims: dict[str, Any], role: str) -> End:
    """Wait until who the token was given to is shut out, or has another role than when the stream was opened."""
    with services.db.bus.subscribe(ACCESS) as changes:
        while True:
            try:
                caller = await services.db.read(lambda tx: bearer(tx, claims))
            except Refused as refused:
                return End(CLOSE_POLICY, refused.message)
            if caller.role != role:
                return End(CLOSE_POLICY, "your role in this project has changed")
            with contextlib.suppress(Overflow):
                while not any(_concerns(change, claims) for change in await changes.batch()):
                    pass


def _concerns(change: Change, claims: dict[str, Any]) -> bool:
    return change.root != "account" or change.id in (int(claims["sub"]), int(claims["accountId"]))
