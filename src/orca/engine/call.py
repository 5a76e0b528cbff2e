# SPDX-License-Identifier: Apache-2.0
"""A request of the API, as hooks see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orca.engine.core import Core
from orca.resources import rows
from orca.store import Record, Tx


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who makes a request of the API, and how they see the answer.

    ``account_id``: on whose behalf (the project), ``user_id``: who signed in, ``proof``: the row of the key or session
    they showed. ``base``: the URL up to and including the version, with the project part when the caller used one.
    ``client``: the address the request came from. ``query``: the parameters after the question mark. ``read``: the
    result of the ``reads`` hook. ``once``: values that only this answer shows (a new key's secret), by row id and
    field.
    """

    core: Core
    role: str
    account_id: int
    user_id: int
    proof: Record | None = None
    version: str = "v2"
    base: str = ""
    root: str = ""
    client: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    read: Any = None
    once: dict[tuple[int, str], Any] = field(default_factory=dict)

    def request(self, tx: Tx, record: rows.Resource, action: str, **data: Any) -> rows.ProcessInstance:
        """Start a process; see ``Engine.request``."""
        return self.core.engine.request(tx, record, action, **data)
