# SPDX-License-Identifier: Apache-2.0
"""A refusal as clients see it."""

from __future__ import annotations

import uuid
from typing import Any

from orca.resources.errors import Refused


def error_body(refused: Refused) -> dict[str, Any]:
    """An error in the API's form."""
    body: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "type": "error",
        "links": {},
        "actions": {},
        "status": refused.status,
        "code": refused.code,
        "message": refused.message,
        "detail": refused.detail,
    }
    if refused.field is not None:
        body["fieldName"] = refused.field
    return body | refused.more
