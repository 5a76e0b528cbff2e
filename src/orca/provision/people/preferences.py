# SPDX-License-Identifier: Apache-2.0
"""Type ``userPreference``: what a console remembers for one user."""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call
from orca.resources import rows
from orca.store import Tx

behaviour = Behaviour()


@behaviour.create("userPreference")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.UserPreference:
    """Create one for the user, in any project."""
    record = tx.insert(rows.UserPreference, **{**fields, "accountId": call.account_id})
    call.request(tx, record, "create")
    return record
