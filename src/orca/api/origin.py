# SPDX-License-Identifier: Apache-2.0
"""Where a browser's request came from."""

from __future__ import annotations

from urllib.parse import urlsplit

from orca.api.ask import SAFE, Ask
from orca.resources.errors import Refused


def check_origin(ask: Ask, *, websocket: bool = False) -> None:
    """A change or an upgrade that a browser sends for another site is refused."""
    if ask.method in SAFE and not websocket:
        return
    origin = ask.headers.get("origin")
    own = urlsplit(ask.origin).netloc
    foreign = origin is not None and urlsplit(origin).netloc != own
    if foreign or ask.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Refused("Forbidden", "requests from other sites are not accepted", status=403)
