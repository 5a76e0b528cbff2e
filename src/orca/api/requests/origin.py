# SPDX-License-Identifier: Apache-2.0
"""Where a browser's request came from."""

from __future__ import annotations

from urllib.parse import urlsplit

from orca.api.requests.ask import SAFE, Ask
from orca.resources.errors import Refused


def check_origin(ask: Ask, *, websocket: bool = False) -> None:
    """A change or an upgrade that a browser sends for another site is refused."""
    if ask.method in SAFE and not websocket:
        return
    origin = ask.headers.get("origin")
    foreign = origin is not None and netloc(origin) != netloc(ask.origin)
    if foreign or ask.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Refused("Forbidden", "requests from other sites are not accepted", status=403)


def netloc(url: str) -> str | None:
    """Host and port of a URL as it spells them; None if the text is not a URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return None
