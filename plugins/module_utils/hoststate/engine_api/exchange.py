# SPDX-License-Identifier: Apache-2.0
"""One request and its answer as bytes.

Requests are HTTP/1.0, so that the engine answers without chunks: a body ends with the connection, and a stream begins
right after its head.
"""

from __future__ import annotations

import json
import urllib.parse
from typing import Any, Dict, Mapping, NamedTuple, Optional

HEAD_END = b"\r\n\r\n"


class ProtocolError(ValueError):
    """The received bytes are no HTTP answer, or an incomplete one."""


class Call(NamedTuple):
    """A request; ``body``, and query values that are no text (``filters``, ``true``), are sent as JSON."""

    method: str
    path: str
    query: Mapping[str, Any] = {}
    body: Optional[Mapping[str, Any]] = None
    headers: Mapping[str, str] = {}
    versioned: bool = True


class Head(NamedTuple):
    """Status and headers (names in lower case) of an answer."""

    status: int
    headers: Dict[str, str]


def encode(call: Call, version: str) -> bytes:
    """The bytes of a request; ``version`` goes before the path (``1.41``)."""
    path = "/v{0}{1}".format(version, call.path) if call.versioned else call.path
    query = urllib.parse.urlencode({name: _parameter(value) for name, value in call.query.items()})
    body = b"" if call.body is None else json.dumps(call.body).encode("utf-8")
    headers = {"Host": "docker", "Content-Length": str(len(body))}
    if body:
        headers["Content-Type"] = "application/json"
    headers.update(call.headers)
    lines = ["{0} {1} HTTP/1.0".format(call.method, path + ("?" + query if query else ""))]
    lines += ["{0}: {1}".format(name, value) for name, value in headers.items()]
    return "\r\n".join(lines).encode("ascii") + HEAD_END + body


def parse_head(data: bytes) -> Head:
    """Read what comes before :data:``HEAD_END``.

    :raises ProtocolError: it is no head.
    """
    first, *lines = data.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise ProtocolError("no HTTP answer")
    fields = (line.partition(":") for line in lines)
    return Head(int(words[1]), {name.strip().lower(): value.strip() for name, _colon, value in fields})


def whole(head: Head, body: bytes) -> bytes:
    """Return ``body``, all that came until the connection ended.

    :raises ProtocolError: the engine announced more.
    """
    announced = head.headers.get("content-length")
    if announced is not None and announced.isdigit() and len(body) < int(announced):
        raise ProtocolError("the answer broke off after {0} of {1} bytes".format(len(body), announced))
    return body


def message(body: bytes) -> str:
    """The engine's message in an answer with a status of 400 or above."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode("utf-8", "replace").strip()


def _parameter(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
