# SPDX-License-Identifier: Apache-2.0
"""On whose behalf work is done: it decides a unit's share of the writer, and its name in logs.

The code that begins a piece of work calls ``WORK.set``; all that it awaits, and the asyncio tasks it makes, inherit it.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextvars import ContextVar
from dataclasses import dataclass

REQUESTS = "requests"
"""The share of users' requests."""
ENGINE = "engine"
"""The share of everything else: processes, agents' reports, background loops."""
SHARES = (REQUESTS, ENGINE)


@dataclass(frozen=True, slots=True)
class Work:
    """``share``: the share of a unit; ``owner``: whose turn it takes in it (a project, an agent); ``name``: the request
    or process, for people.
    """

    share: str = ENGINE
    owner: Hashable = None
    name: str = "the server"


WORK: ContextVar[Work] = ContextVar("work", default=Work())  # noqa: B039 - it cannot be changed
