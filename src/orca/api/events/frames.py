# SPDX-License-Identifier: Apache-2.0
"""The text frames of event streams: v1 events, each with the cursor from which a client goes on when it is cut off."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from orca import wire
from orca.store import now_ms

CHANGE = "resource.change"
PING = "ping"
LOGOUT = "logout"
EXPIRED = "resume.expired"

_encode = msgspec.json.Encoder().encode


def frame(name: str, cursor: int, **fields: Any) -> str:
    """One event."""
    event = {"id": str(uuid.uuid4()), "name": name, "time": now_ms(), "cursor": str(cursor), **fields}
    return _encode(event).decode()


def change(data: dict[str, Any], cursor: int) -> str:
    """``resource.change`` with the resource as it is now."""
    resource = data["resource"]
    return frame(CHANGE, cursor, resourceType=resource["type"], resourceId=resource["id"], data=data)


def passed_on(event: wire.Event, cursor: int) -> str:
    """An event from another sender."""
    return _encode({**msgspec.to_builtins(event), "cursor": str(cursor)}).decode()
