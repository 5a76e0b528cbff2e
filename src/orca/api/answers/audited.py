# SPDX-License-Identifier: Apache-2.0
"""The entry of a request in the audit log."""

from __future__ import annotations

from typing import Any

from orca.api.callers.caller import Caller
from orca.api.requests.ask import Ask
from orca.provision.audit.entries import Entry
from orca.resources import ids
from orca.resources.errors import Refused

VERBS = {"POST": "create", "PUT": "update", "DELETE": "delete"}


def entry(ask: Ask, caller: Caller, body: Any, status: int) -> Entry:
    """One change, named ``api.<type>.<create, update, delete or the action>``."""
    shown = body if isinstance(body, dict) else {}
    type = caller.view.paths.get(ask.path[0].lower())
    name = "token" if type is None else type.name
    action = ask.first("action") if ask.method == "POST" else None
    signed_in = ids.parse(shown.get("accountId")) if caller.role == "token" else None
    return Entry(
        account_id=signed_in or caller.account.id,
        user_id=signed_in or caller.user.id,
        auth=caller.auth,
        client=ask.client,
        event=f"api.{name}.{action or VERBS[ask.method]}",
        resource_type=name,
        resource_id=ask.path[1] if len(ask.path) > 1 else shown.get("id"),
        request=given(ask),
        response=shown,
        status=status,
    )


def given(ask: Ask) -> dict[str, Any]:
    """The body of the request. It was read before, so only that of an action without input may be invalid."""
    try:
        return ask.json()
    except Refused:
        return {}
