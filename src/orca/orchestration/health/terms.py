# SPDX-License-Identifier: Apache-2.0
"""What a check asks for, and how often. Pure."""

from __future__ import annotations

import re
from typing import Any

from orca.hoststate.plan.checks import HOST, METHODS, PATH

INTERVAL, TIMEOUT, RISE, FALL = 2000, 2000, 2, 3
"""What a check has if it does not say: milliseconds, and numbers of results in a row, as on the pages of 2015."""
LEAST_INTERVAL = 250
"""Milliseconds; more checks than that cost containers and checkers more than an earlier verdict is worth."""
BOUNDS = {
    "interval": (LEAST_INTERVAL, 86_400_000),
    "responseTimeout": (1, 86_400_000),
    **dict.fromkeys(("healthyThreshold", "unhealthyThreshold"), (1, 1000)),
}
"""What a check may ask for: milliseconds, and numbers of results. HAProxy's own numbers have 32 bits."""
EXPECTED = "200-399"
"""The status codes of a good answer, as in 2015."""
SHOWN = 80
"""Most characters of a request that a message repeats."""

_FIRST = re.compile(r"(\S+) (\S+)(?: HTTP/1\.[01])?")


class BadRequest(ValueError):
    """No checker can make such a check; the message says why. ``field``: what of the ``healthCheck`` is wrong."""

    def __init__(self, message: str, field: str = "requestLine") -> None:
        super().__init__(message)
        self.field = field


def check_bounds(check: dict[str, Any]) -> None:
    """Refuse numbers that make no sense. Raises ``BadRequest``."""
    for field, (least, most) in BOUNDS.items():
        value = check.get(field)
        if value is not None and not least <= value <= most:
            raise BadRequest(f"{field} {value} is not between {least} and {most}", field)


def terms(check: dict[str, Any]) -> dict[str, Any]:
    """What of a config item follows from the ``healthCheck`` itself.

    Raises:
        BadRequest: no checker can send its request.
    """
    return {
        "port": check["port"],
        "http": request(check.get("requestLine") or ""),
        "expect": EXPECTED,
        "interval": _bounded(check, "interval", INTERVAL),
        "timeout": _bounded(check, "responseTimeout", TIMEOUT),
        "rise": _bounded(check, "healthyThreshold", RISE),
        "fall": _bounded(check, "unhealthyThreshold", FALL),
    }


def _bounded(check: dict[str, Any], field: str, default: int) -> int:
    """A number of the check; one that an earlier version took is moved into its bounds."""
    least, most = BOUNDS[field]
    return min(max(check.get(field) or default, least), most)


def request(text: str) -> dict[str, str | None] | None:
    """Read ``GET /path HTTP/1.0``, perhaps with a header ``Host``; None: the check only connects.

    In 2015 the text was HAProxy's: the header came after ``\\r\\n``, with its spaces escaped.

    Raises:
        BadRequest: no checker can send it.
    """
    plain = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\ ", " ").strip()
    if not plain:
        return None
    first, *headers = plain.splitlines()
    found = _FIRST.fullmatch(first.strip())
    if found is None or found[1] not in METHODS or not PATH.match(found[2]):
        wrong = repr(first[:SHOWN])
        raise BadRequest(f"{wrong} is not a request such as GET /path HTTP/1.0, with one of {', '.join(METHODS)}")
    host = None
    for header in headers:
        name, _, value = header.partition(":")
        host = value.strip()
        if name.strip().lower() != "host" or not HOST.match(host):
            raise BadRequest(f"{header[:SHOWN]!r} is not a header Host, the only one that a check sends")
    return {"method": found[1], "path": found[2], "host": host}
