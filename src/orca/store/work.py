# SPDX-License-Identifier: Apache-2.0
"""On whose behalf something is done: units have their share of the writer by it, and their name in logs.

Whoever begins something says so once (``WORK.set``); what it awaits, and the tasks it makes, inherit it.
"""

from __future__ import annotations

from collections.abc import Hashable
from contextvars import ContextVar
from dataclasses import dataclass

REQUESTS = "requests"
"""The share of users' requests."""
ENGINE = "engine"
"""The share of all else: processes, agents' reports, what the server does in the background."""
SHARES = (REQUESTS, ENGINE)


@dataclass(frozen=True, slots=True)
class Work:
    """``share``: of which share a unit is; ``owner``: who has turns of their own in it (a project, an agent); ``name``:
    the request or process, for people.
    """

    share: str = ENGINE
    owner: Hashable = None
    name: str = "the server"


WORK: ContextVar[Work] = ContextVar("work", default=Work())  # noqa: B039 - it cannot be changed
