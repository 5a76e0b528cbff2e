# SPDX-License-Identifier: Apache-2.0
"""The body of a request: JSON, or a form in either of its two encodings."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import msgspec
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from orca.api.requests.ask import MAX_BODY
from orca.resources.errors import Refused

LENGTH_DIGITS = 18
STRANGERS_BODY = 65_536
"""Bytes of a body without credentials, which can only hold login and password."""


async def read_body(request: Request, *, stranger: bool) -> bytes:
    """Read the body; a multipart form becomes JSON. A stranger, without credentials, may send less.

    Raises:
        Refused: it is too large; if its header says so, it is not read at all.
    """
    most = STRANGERS_BODY if stranger else MAX_BODY
    too_large = Refused("Request Entity Too Large", f"a body has at most {most} bytes here", status=413)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > LENGTH_DIGITS or int(length) > most):
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise too_large
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return msgspec.json.encode(await multipart(request.headers, bytes(body)))
    return bytes(body)


async def multipart(headers: Headers, body: bytes) -> dict[str, str]:
    """The fields of a multipart form; a file is its text. Raises ``Refused``."""

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    if not body.rstrip().endswith(b"--"):
        raise Refused("InvalidBodyContent", "the form ends before its last boundary")
    try:
        form = await MultiPartParser(headers, stream(), max_part_size=MAX_BODY).parse()
        return {
            name: (await value.read()).decode() if isinstance(value, UploadFile) else value
            for name, value in form.multi_items()
        }
    except (MultiPartException, UnicodeDecodeError, LookupError, KeyError) as error:
        raise Refused("InvalidBodyContent", f"the form cannot be read: {error}") from None
