# SPDX-License-Identifier: Apache-2.0
"""The ports of a balancer as text: where it listens, and which requests each target gets.

A listener is a published port with the protocol that it speaks. A rule has the form
``[[host][:source port][/path]=][target port][@priority]``; the older order ``[source port:]host[/path]`` is read too.
The v1 API and compose files use both.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orca.hoststate.plan.balancer_text import HANDOVER_PORT
from orca.orchestration.syntax import ports
from orca.orchestration.syntax.labels import ALGORITHMS, BALANCER_ALGORITHM, BALANCER_TLS_PORTS, numbers
from orca.orchestration.syntax.ports import PortSpec
from orca.resources.errors import Refused
from orca.resources.limits import PORTS_OF_CONTAINER

ENDING_TLS = frozenset({"https", "ssl"})
"""The protocols of listeners that end TLS."""
NO_CERTIFICATE = "a port that ends TLS needs a certificate: give default_cert or certs, or let targets end TLS"
PRIORITY_DIGITS = 6
_HOST = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(\.\*)?\Z|\*\Z")
_PATH = re.compile(r"/[!-~]{0,1023}\Z")


@dataclass(frozen=True, slots=True)
class TargetPort:
    """One rule of a target; a part that is None matches every request.

    Of the rules with a ``priority`` the lowest comes first, before all others.
    """

    host: str | None = None
    source_port: int | None = None
    path: str | None = None
    target_port: int | None = None
    priority: int | None = None


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
    target, at, priority = target.partition("@")
    if at and not (priority.isascii() and priority.isdecimal() and len(priority) <= PRIORITY_DIGITS):
        raise ValueError(f"target port {text!r}: priority {priority!r} is not a number below 10^{PRIORITY_DIGITS}")
    front, slash, rest = request.partition("/")
    first, _, second = front.partition(":")
    if first.isdecimal():
        first, second = second, first
    if first and (not _HOST.match(first) or (first.startswith("*.") and first.endswith(".*"))):
        raise ValueError(
            f"target port {text!r}: {first!r} is not a host name; '*' stands first or last, for whole parts"
        )
    if slash and not _PATH.match(f"/{rest}"):
        raise ValueError(f"target port {text!r}: a path has at most 1024 characters, and no blanks")
    return TargetPort(
        host=None if first == "*" else first.lower() or None,
        source_port=_port(text, second) if second else None,
        path=f"/{rest}" if slash else None,
        target_port=_port(text, target) if target else None,
        priority=int(priority) if at else None,
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
        Refused: a port that cannot be read or is there twice, or a protocol that no balancer speaks.
    """
    found: list[dict[str, Any]] = []
    labels = launch.get("labels") or {}
    secure = numbers(labels.get(BALANCER_TLS_PORTS))
    algorithm = str(labels.get(BALANCER_ALGORITHM, ALGORITHMS[0])).strip()
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
                if source == HANDOVER_PORT:
                    message = f"{key}: port {source} is the balancer's own; give another one"
                    raise Refused("InvalidPort", message, field=key)
                if any(source == other["privatePort"] for other in found):
                    message = f"{key}: two listeners would be at port {source}; give one of them another port"
                    raise Refused("NotUnique", message, field=key)
                spoken = {"tcp": "ssl", "http": "https"}.get(protocol, protocol) if source in secure else protocol
                found.append(
                    {
                        "privatePort": source,
                        "sourcePort": source if public else None,
                        "targetPort": spec.private,
                        "sourceProtocol": spoken,
                        "targetProtocol": protocol,
                        "algorithm": algorithm,
                    }
                )
    return found


def published(launch: Mapping[str, Any]) -> list[str]:
    """The ports that the container of a balancer publishes: where it listens, at the same port of its host."""
    found = []
    for text in launch.get("ports") or []:
        for spec in ports.parse(str(text).partition("/")[0]):
            source = spec.public or spec.private
            found.append(str(PortSpec(source, source, bind=spec.bind)))
    return found


def asked(texts: Iterable[str]) -> set[int]:
    """The listeners' ports that some rules name. Rules that cannot be read are passed over."""
    found = set()
    for text in texts:
        with contextlib.suppress(ValueError):
            found.add(parse(text).source_port)
    return {port for port in found if port is not None}


def ends_tls(launch: Mapping[str, Any]) -> bool:
    """True if a listener ends TLS, so that it needs a certificate."""
    return any(each["sourceProtocol"] in ENDING_TLS for each in listeners(launch))


def _port(text: str, number: str) -> int:
    if not number.isdecimal() or not 1 <= int(number) <= 65535:
        raise ValueError(f"target port {text!r}: {number!r} is not a port between 1 and 65535")
    return int(number)
