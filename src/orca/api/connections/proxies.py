# SPDX-License-Identifier: Apache-2.0
"""What proxies in front of the server say, as far as they are trusted and it has the form of what it claims to be.

Proxies pass on headers of strangers, so a value without that form counts as none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from orca.resources.errors import Refused

Proxies: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
"""Networks whose ``X-Forwarded-*`` headers are believed, besides loopback."""

_AUTHORITY = re.compile(r"([A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
FORMS = {"proto": re.compile("https?"), "host": _AUTHORITY, "port": re.compile("[0-9]{1,5}")}
SCHEMES = {"ws": "http", "wss": "https"}
USUAL_PORTS = {"http": ":80", "https": ":443"}


def origin_of(scope: Mapping[str, Any], headers: Mapping[str, str], trusted: bool) -> str:
    """Scheme, host and port the caller used; the usual ports are left out. Raises ``Refused`` with 400.

    ``trusted``: whether whom the connection is with may say that the caller used others.
    """
    said = {name: forwarded(headers, name) for name in FORMS} if trusted else {}
    scheme = said.get("proto") or SCHEMES.get(scope["scheme"], scope["scheme"])
    host = said.get("host") or headers.get("host", "")
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = f"[{server[0]}]" if ":" in server[0] else server[0]
        host += "" if server[1] is None else f":{server[1]}"
    elif not _AUTHORITY.fullmatch(host):
        raise Refused("Bad Request", "Host must be the server's name or address, and its port", status=400)
    if said.get("port") and ":" not in host.rpartition("]")[2]:
        host = f"{host}:{said['port']}"
    return f"{scheme}://{host.removesuffix(USUAL_PORTS[scheme])}"


def forwarded(headers: Mapping[str, str], name: str) -> str:
    """The first value of an ``X-Forwarded-`` header; empty where that is not what it should be."""
    value = headers.get(f"x-forwarded-{name}", "").partition(",")[0].strip()
    return value if FORMS[name].fullmatch(value) else ""


def client_of(peer: str, forwarded_for: str, trusted: Proxies) -> str:
    """The address that a request came from: the last one that no trusted proxy speaks for.

    Each proxy adds at the end of ``X-Forwarded-For`` whom it heard; what stands before an address that is not trusted
    is that one's own claim. What is no address is nobody's: the proxy itself counts then.
    """
    heard = [*(part.strip() for part in forwarded_for.split(",") if part.strip()), peer]
    while len(heard) > 1 and is_trusted(heard[-1], trusted):
        peer = heard.pop()
    return heard[-1] if parse_address(heard[-1]) is not None else peer


def is_trusted(address: str, networks: Proxies) -> bool:
    """True if an address may say for whom it speaks."""
    parsed = parse_address(address)
    return parsed is not None and (parsed.is_loopback or any(parsed in network for network in networks))


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a text is; None when it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
