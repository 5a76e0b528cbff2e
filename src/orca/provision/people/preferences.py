# SPDX-License-Identifier: Apache-2.0
"""``userPreference``: what somebody wants a console to remember, for themselves alone."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.resources import rows
from orca.store import Tx

behaviour = Behaviour()


@behaviour.create("userPreference")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.UserPreference:
    """One's own, in whatever project one works."""
    record = tx.insert(rows.UserPreference, **{**fields, "accountId": call.user_id})
    call.request(tx, record, "create")
    return record
