# SPDX-License-Identifier: Apache-2.0
"""One request, taken apart: where it came from, what it asks for, as whom."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from orca.resources import limits
from orca.resources.errors import Refused
from orca.resources.limits import MOST_ITEMS

MAX_BODY = 4 * 1024 * 1024
"""Bytes of a request body; a compose file is the largest thing that is sent."""
PROJECT_LINKS = frozenset({"projectmembers", "hoststats"})
"""What follows a project's id as a link of it; anything else is seen as that project."""

SAFE = ("GET", "HEAD")
"""Methods that change nothing."""

Proxies: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
"""Networks whose ``X-Forwarded-*`` headers are believed, besides loopback."""


@dataclass(kw_only=True)
class Ask:
    """A request.

    ``path``: decoded segments after the version; ``origin``: scheme, host and port as the caller knows them.
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
    ignored: list[str] = field(default_factory=list)
    _decoded: tuple[bytes, dict[str, Any]] | None = field(default=None, init=False, repr=False)

    def first(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.query if key == name), None)

    @property
    def strict(self) -> bool:
        """Whether what nobody knows is refused: in ``/v2``, and in ``/v1`` where it is asked for."""
        return self.version != "v1" or "handling=strict" in self.headers.get("prefer", "")

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
        """The body as an object. Raises ``Refused`` for anything else, and for one that holds too much; an empty body
        is an empty object.

        It is decoded once. What that costs follows the body: a large one is decoded in a thread (``orca.api.reading``).
        """
        if self._decoded is None or self._decoded[0] is not self.body:
            self._decoded = (self.body, self._decode())
        return self._decoded[1]

    def _decode(self) -> dict[str, Any]:
        text = self.body.strip()
        if not text:
            return {}
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded" and not text.startswith(b"{"):
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


def take_apart(scope: Mapping[str, Any], trusted: Proxies) -> Ask:
    """An ``Ask`` from an ASGI scope (HTTP or WebSocket), without its body.

    ``X-Forwarded-*`` count only from this machine and the networks in ``trusted``. ``_method`` overrides the method of
    a POST.
    """
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    peer = (scope.get("client") or ("", 0))[0]
    proxied = {}
    if is_trusted(peer, trusted):
        names = ("proto", "host", "port")
        proxied = {name: headers.get(f"x-forwarded-{name}", "").partition(",")[0].strip() for name in names}
    # Split first: a slash inside a name comes escaped, and nothing is unescaped twice.
    raw = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    segments = [unquote(part) for part in raw.split("/") if part]
    version = segments[0].lower() if segments else ""
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
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
        origin=origin_of(scope, headers, proxied),
        client=client_of(peer, headers.get("x-forwarded-for", ""), trusted),
        project=project,
    )


def origin_of(scope: Mapping[str, Any], headers: Mapping[str, str], proxied: Mapping[str, str]) -> str:
    """Scheme, host and port the caller used; the usual ports are left out."""
    scheme = proxied.get("proto") or {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    host = proxied.get("host") or headers.get("host", "")
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    if proxied.get("port") and ":" not in host.rpartition("]")[2]:
        host = f"{host}:{proxied['port']}"
    return f"{scheme}://{host.removesuffix({'http': ':80', 'https': ':443'}.get(scheme, ':0'))}"


def client_of(peer: str, forwarded_for: str, trusted: Proxies) -> str:
    """The address that a request came from: the last one that no trusted proxy speaks for.

    Each proxy adds at the end of ``X-Forwarded-For`` whom it heard; what stands before an address that is not trusted
    is that one's own claim.
    """
    heard = [*(part.strip() for part in forwarded_for.split(",") if part.strip()), peer]
    while len(heard) > 1 and is_trusted(heard[-1], trusted):
        heard.pop()
    return heard[-1]


def is_trusted(address: str, networks: Proxies) -> bool:
    """Whether an address may say for whom it speaks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_loopback or any(parsed in network for network in networks)
