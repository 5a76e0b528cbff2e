# SPDX-License-Identifier: Apache-2.0
"""Published ports as text: ``[bindIp:][public:]private[/protocol]``, the form of the API and of compose files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address

from orca.resources.limits import PORTS_OF_CONTAINER

ANY = "0.0.0.0"  # noqa: S104 - the wildcard of a published port, not a socket that is opened

_RANGE = r"[0-9]{1,5}(?:-[0-9]{1,5})?"
_FORM = re.compile(
    rf"(?:(?:(?P<bind>[^:]{{1,64}}):)?(?P<public>{_RANGE})?:)?(?P<private>{_RANGE})(?:/(?P<protocol>[A-Za-z]{{1,9}}))?"
)


class PortWrongFormat(ValueError):
    """A port text does not have the documented form; the message shows it."""


class TooManyPorts(PortWrongFormat):
    """More ports than one container may have."""

    def __init__(self) -> None:
        super().__init__(
            f"a container has at most {PORTS_OF_CONTAINER} ports; publish fewer, or run it in the host's network"
        )


@dataclass(frozen=True, slots=True, order=True)
class PublicPort:
    """The port of a host that a published port occupies."""

    port: int
    protocol: str = "tcp"
    bind: str = ANY

    def __str__(self) -> str:
        prefix = "" if self.bind == ANY else f"{self.bind}:"
        return f"{prefix}{self.port}/{self.protocol}"


@dataclass(frozen=True, slots=True)
class PortSpec:
    """One port of a container; ``public`` None means not published."""

    private: int
    public: int | None = None
    protocol: str = "tcp"
    bind: str = ANY

    @property
    def published(self) -> PublicPort | None:
        """The port that it occupies on the host, None if none."""
        return None if self.public is None else PublicPort(self.public, self.protocol, self.bind)

    def __str__(self) -> str:
        bind = "" if self.bind == ANY else f"{self.bind}:"
        # After an address, an empty public port keeps its colon.
        public = f"{self.public}:" if self.public is not None else ":" if bind else ""
        return f"{bind}{public}{self.private}/{self.protocol}"


def parse(text: str | int) -> list[PortSpec]:
    """Return the ports that ``text`` names: one, or as many as its ranges hold (``8000-8002:80-82``).

    Raises:
        PortWrongFormat: unknown form, number out of 1..65535, ranges of unlike length, protocol neither tcp nor udp.
        TooManyPorts: a range of more ports than a container may have.
    """
    match = _FORM.fullmatch(str(text).strip())
    if match is None:
        raise PortWrongFormat(f"port {text!r} does not have the form [bindIp:][public:]private[/protocol]")
    protocol = (match["protocol"] or "tcp").lower()
    if protocol not in ("tcp", "udp"):
        raise PortWrongFormat(f"port {text!r}: the protocol must be tcp or udp")
    bind = match["bind"] or ANY
    if bind != ANY:
        try:
            IPv4Address(bind)
        except AddressValueError as error:
            raise PortWrongFormat(f"port {text!r}: {bind!r} is not an IPv4 address") from error
    private = _numbers(text, match["private"])
    if match["public"] is None:
        return [PortSpec(number, None, protocol, bind) for number in private]
    public = _numbers(text, match["public"])
    if len(public) != len(private):
        raise PortWrongFormat(f"port {text!r}: the ranges have unlike length")
    return [PortSpec(inner, outer, protocol, bind) for inner, outer in zip(private, public, strict=True)]


def parse_all(texts: Iterable[str | int]) -> list[PortSpec]:
    """Return the ports of one container.

    Raises:
        PortWrongFormat: see ``parse``.
        TooManyPorts: more ports than a container may have.
    """
    found: list[PortSpec] = []
    for text in texts:
        found += parse(text)
        if len(found) > PORTS_OF_CONTAINER:
            raise TooManyPorts
    return found


def _numbers(text: str | int, part: str) -> range:
    first, _, last = part.partition("-")
    numbers = range(int(first), int(last or first) + 1)
    if not numbers or numbers[0] < 1 or numbers[-1] > 65535:
        raise PortWrongFormat(f"port {text!r}: numbers must lie between 1 and 65535, ranges grow")
    if len(numbers) > PORTS_OF_CONTAINER:
        raise TooManyPorts
    return numbers
