# SPDX-License-Identifier: Apache-2.0
"""The body of a request."""

from __future__ import annotations

from starlette.requests import Request

from orca.api.ask import MAX_BODY
from orca.resources.errors import Refused


async def read_body(request: Request) -> bytes:
    """The body, as far as it is not too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise Refused("Request Entity Too Large", f"a body has at most {MAX_BODY} bytes", status=413)
    return bytes(body)
