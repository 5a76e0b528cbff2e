# SPDX-License-Identifier: Apache-2.0
"""Events of the world outside that agents report: for which project, and how they are kept."""

from __future__ import annotations

from typing import Any, TypeVar

from orca.engine import Call
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Tx

R = TypeVar("R", bound=rows.Resource)


def reporter(tx: Tx, call: Call) -> tuple[rows.Agent, int]:
    """The reporting agent, and the project whose host it serves. Raises ``Refused``."""
    agent = tx.first(rows.Agent, accountId=call.account_id)
    host = None if agent is None else tx.first(rows.Host, agentId=agent.id)
    if agent is None or host is None:
        raise Refused("CantVerifyAgent", "only the agent of a host reports what happens outside")
    return agent, host.accountId


def keep(tx: Tx, call: Call, type: type[R], fields: dict[str, Any], project_id: int) -> R:
    """Keep an event as a row of the project."""
    event = tx.insert(type, **{**fields, "accountId": project_id, "reportedAccountId": call.account_id})
    call.request(tx, event, "create")
    return event
