# SPDX-License-Identifier: Apache-2.0
"""What trusted proxies in front of the server say about its callers.

A proxy may pass on headers of strangers, so a value that does not have its header's form counts as absent.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from orca.resources.errors import Refused

Proxies: TypeAlias = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
"""Networks whose ``X-Forwarded-*`` headers the server believes, besides those of loopback addresses."""

_AUTHORITY = re.compile(r"([A-Za-z0-9._~-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
FORMS = {"proto": re.compile("https?"), "host": _AUTHORITY, "port": re.compile("[0-9]{1,5}")}
SCHEMES = {"ws": "http", "wss": "https"}
USUAL_PORTS = {"http": ":80", "https": ":443"}


def origin_of(scope: Mapping[str, Any], headers: Mapping[str, str], trusted: bool) -> str:
    """Scheme, host and port that the caller used, without a usual port. Raises ``Refused`` with 400.

    ``trusted``: True if a trusted proxy made the connection, so that its headers count.
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
    """The first value of an ``X-Forwarded-`` header; empty if it does not have the header's form."""
    value = headers.get(f"x-forwarded-{name}", "").partition(",")[0].strip()
    return value if FORMS[name].fullmatch(value) else ""


def client_of(peer: str, forwarded_for: str, trusted: Proxies) -> str:
    """The address that a request came from: the last one that is not a trusted proxy's.

    Each proxy adds its caller's address at the end of ``X-Forwarded-For``. So everything before an address that is not
    trusted is only that caller's claim. If a proxy adds something that is not an address, its own address counts.
    """
    heard = [*(part.strip() for part in forwarded_for.split(",") if part.strip()), peer]
    while len(heard) > 1 and is_trusted(heard[-1], trusted):
        peer = heard.pop()
    return heard[-1] if parse_address(heard[-1]) is not None else peer


def is_trusted(address: str, networks: Proxies) -> bool:
    """True if an address is a trusted proxy's, so that its headers count."""
    parsed = parse_address(address)
    return parsed is not None and (parsed.is_loopback or any(parsed in network for network in networks))


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address; None if the text is not one."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
