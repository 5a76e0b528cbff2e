# SPDX-License-Identifier: Apache-2.0
"""Which requests a target of a balancer gets, as text: ``[[host][:source port][/path]=][target port]``.

The older order ``[source port:]host[/path]`` is read too. Both are of the v1 API and of compose files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orca.resources.errors import Refused

_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9*])?\Z")


@dataclass(frozen=True, slots=True)
class TargetPort:
    """One rule of a target; what is None is not asked of a request."""

    host: str | None = None
    source_port: int | None = None
    path: str | None = None
    target_port: int | None = None


def parse(text: str) -> TargetPort:
    """Read one rule.

    Raises:
        ValueError: it has not the documented form; the message says what is wrong.
    """
    text = text.strip()
    if not text:
        raise ValueError("a target port must not be empty")
    if text.count("=") > 1 or text.count(":") > 1:
        raise ValueError(f"target port {text!r} has more than one '=' or ':'")
    if text.isdecimal():
        return TargetPort(target_port=_port(text, text))
    request, _, target = text.partition("=")
    front, slash, rest = request.partition("/")
    first, _, second = front.partition(":")
    if first.isdecimal():
        first, second = second, first
    if first and not _HOST.match(first):
        raise ValueError(f"target port {text!r}: {first!r} is not a host name")
    return TargetPort(
        host=first or None,
        source_port=_port(text, second) if second else None,
        path=f"/{rest}" if slash else None,
        target_port=_port(text, target) if target else None,
    )


def check_target_port(text: str, field: str = "ports") -> None:
    """Refuse a rule that cannot be read."""
    try:
        parse(text)
    except ValueError as error:
        raise Refused("InvalidPort", str(error), field=field) from error


def _port(text: str, number: str) -> int:
    if not number.isdecimal() or not 1 <= int(number) <= 65535:
        raise ValueError(f"target port {text!r}: {number!r} is not a port between 1 and 65535")
    return int(number)
