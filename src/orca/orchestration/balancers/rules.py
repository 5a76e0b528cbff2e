# SPDX-License-Identifier: Apache-2.0
"""The ports of a balancer as text: where it listens, and which requests each target gets.

A listener is a published port with the protocol that it speaks. A rule has the form
``[[host][:source port][/path]=][target port]``; the older order ``[source port:]host[/path]`` is read too. The v1 API
and compose files use both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orca.orchestration.syntax import ports
from orca.orchestration.syntax.labels import BALANCER_TLS_PORTS
from orca.resources.errors import Refused
from orca.resources.limits import PORTS_OF_CONTAINER

_HOST = re.compile(r"[A-Za-z0-9*]([A-Za-z0-9.*-]*[A-Za-z0-9*])?\Z")


@dataclass(frozen=True, slots=True)
class TargetPort:
    """One rule of a target; a part that is None matches every request."""

    host: str | None = None
    source_port: int | None = None
    path: str | None = None
    target_port: int | None = None


def parse(text: str) -> TargetPort:
    """Read one rule.

    Raises:
        ValueError: it does not have the documented form; the message says what is wrong.
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


def listeners(launch: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a public listener for each of ``ports``, and a private one for each of ``expose``.

    A bare port is both the listener's and the target's. The balancer itself listens at ``privatePort``, which of a
    public listener is the public port too.

    Raises:
        Refused: a port that cannot be read, or a protocol that no balancer speaks.
    """
    found: list[dict[str, Any]] = []
    secure = {part.strip() for part in str((launch.get("labels") or {}).get(BALANCER_TLS_PORTS, "")).split(",")}
    for key, public in (("ports", True), ("expose", False)):
        for text in launch.get(key) or []:
            if len(found) > PORTS_OF_CONTAINER:
                raise Refused("MaxLimitExceeded", f"{key}: {ports.TooManyPorts()}", field=key)
            front, slash, protocol = str(text).partition("/")
            try:
                specs = ports.parse(front)
            except ports.PortWrongFormat as error:
                raise Refused("PortWrongFormat", str(error), field=key) from error
            protocol = protocol if slash else "http"
            if protocol not in ("tcp", "http", "ssl", "https"):
                raise Refused("InvalidPort", f"port {text!r}: a balancer does not speak {protocol}", field=key)
            for spec in specs:
                source = spec.public or spec.private
                spoken = {"tcp": "ssl", "http": "https"}.get(protocol, protocol) if str(source) in secure else protocol
                found.append(
                    {
                        "privatePort": source,
                        "sourcePort": source if public else None,
                        "targetPort": spec.private,
                        "sourceProtocol": spoken,
                        "targetProtocol": protocol,
                        "algorithm": "roundrobin",
                    }
                )
    return found


def _port(text: str, number: str) -> int:
    if not number.isdecimal() or not 1 <= int(number) <= 65535:
        raise ValueError(f"target port {text!r}: {number!r} is not a port between 1 and 65535")
    return int(number)
