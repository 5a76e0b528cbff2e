# SPDX-License-Identifier: Apache-2.0
"""One parsed request: where it came from, what it is for, and who sent it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from orca.api.connections.proxies import Proxies, client_of, is_trusted, origin_of
from orca.api.connections.visitors import Visitor
from orca.resources import limits
from orca.resources.errors import Refused
from orca.resources.limits import MOST_ITEMS

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request body; a compose file is the largest thing that is sent."""
MAX_PARAMETERS = 200
"""Most parameters of a query: filters become conditions of one statement, whose size every database bounds."""
PROJECT_LINKS = frozenset({"projectmembers", "hoststats"})
"""Names after a project's id that are its links; with any other the caller acts as that project."""
SCHEMA_PATHS = ("schemas", "schema")
"""How URLs name the schemas."""

FORM = "application/x-www-form-urlencoded"
"""The media type of what a page's form sends."""
SAFE = ("GET", "HEAD")
"""Methods that change nothing."""


@dataclass(kw_only=True)
class Ask:
    """A request.

    ``path``: decoded segments after the version; ``origin``: scheme, host and port as the caller knows them;
    ``visitor``: the connection, None where there is none.
    """

    method: str
    version: str
    path: list[str]
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    origin: str
    client: str
    body: bytes = b""
    project: str | None = None
    visitor: Visitor | None = None
    ignored: list[str] = field(default_factory=list)
    _decoded: tuple[bytes, dict[str, Any]] | None = field(default=None, init=False, repr=False)

    def first(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    @property
    def strict(self) -> bool:
        """True if unknown fields and parameters are refused: in ``/v2``, and in ``/v1`` on request."""
        return self.version != "v1" or "handling=strict" in self.headers.get("prefer", "")

    @property
    def media_type(self) -> str:
        """The form of the body, as the caller names it."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def base(self) -> str:
        """The URL up to the version, with the project part when the caller used one."""
        scope = f"/projects/{quote(self.project.lower(), safe='!')}" if self.project else ""
        return f"{self.origin}/{self.version}{scope}"

    @property
    def root(self) -> str:
        """The URL up to the version."""
        return f"{self.origin}/{self.version}"

    def json(self) -> dict[str, Any]:
        """The body as an object. Raises ``Refused`` for anything else, and for too large an object; an empty body is an
        empty object.

        It is decoded once. A large body is decoded in a thread (``reading``).
        """
        if self._decoded is None or self._decoded[0] is not self.body:
            self._decoded = (self.body, self._decode())
        return self._decoded[1]

    def _decode(self) -> dict[str, Any]:
        text = self.body.strip()
        if not text:
            return {}
        if self.media_type == FORM and not text.startswith(b"{"):
            try:
                pairs = parse_qsl(text.decode(), keep_blank_values=True, max_num_fields=MOST_ITEMS, errors="strict")
            except UnicodeDecodeError:
                raise Refused("InvalidBodyContent", "the form is not UTF-8") from None
            except ValueError:
                raise Refused("InvalidBodyContent", f"a form has at most {MOST_ITEMS} fields") from None
            return dict(pairs)
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused("InvalidBodyContent", f"the body is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise Refused("InvalidBodyContent", "the body must be a JSON object")
        limits.check(value)
        return value

    def basic(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic; None when there are none or they are malformed."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, colon, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (user, password) if colon and "\0" not in user else None


def parse_query(text: str) -> list[tuple[str, str]]:
    """The parameters of a query. Raises ``Refused`` if there are too many."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_PARAMETERS)
    except ValueError:
        message = f"a request has at most {MAX_PARAMETERS} parameters; ask in several requests"
        raise Refused("TooManyParameters", message, status=400) from None


def take_apart(scope: Mapping[str, Any], trusted: Proxies) -> Ask:
    """An ``Ask`` from an ASGI scope (HTTP or WebSocket), without its body.

    ``X-Forwarded-*`` count only from this machine and the networks in ``trusted``. ``_method`` overrides the method of
    a POST. Raises ``Refused``.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    peer = (scope.get("client") or ("", 0))[0]
    # Split before unescaping, because a slash inside a name is escaped.
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    segments = [unquote(part) for part in raw.split("/") if part]
    version = segments[0].lower() if segments else ""
    query = parse_query(scope.get("query_string", b"").decode("latin-1"))
    method = scope.get("method", "GET")
    if method == "POST":
        method = next((value.upper() for key, value in query if key == "_method" and value), method)
    project = None
    path = segments[1:]
    if len(path) > 2 and path[0].lower() in ("projects", "project") and path[2].lower() not in PROJECT_LINKS:
        project, path = path[1], path[2:]
    return Ask(
        method=method,
        version=version,
        path=path,
        query=query,
        headers=headers,
        origin=origin_of(scope, headers, is_trusted(peer, trusted)),
        client=client_of(peer, headers.get("x-forwarded-for", ""), trusted),
        project=project,
        visitor=scope.get("state", {}).get("visitor"),
    )
