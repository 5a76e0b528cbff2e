# SPDX-License-Identifier: Apache-2.0
"""Values of a launch config that no engine would take; pure. Source: the create request of Docker's API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from orca.resources.errors import Refused

_CPUS = re.compile(r"\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*", re.ASCII)
_DEVICE = re.compile(r"/[^:\s]+(:/[^:\s]+(:[rwm]{1,3})?)?")
_DOMAIN = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_HOST_GATEWAY = "host-gateway"
"""The engine's word for the host's own address."""


def check(fields: Mapping[str, Any]) -> None:
    """Refuse the first value of the wrong form. Raises ``Refused``."""
    for field, message in _wrong(fields):
        raise Refused("InvalidFormat", f"{field}: {message}", field=field)


def _wrong(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    forms: dict[str, tuple[Callable[[str], bool], str]] = {
        "dns": (_is_address, "is not an address"),
        "dnsSearch": (_is_domain, "is not a domain"),
        "domainName": (_is_domain, "is not a domain"),
        "extraHosts": (_is_host, "does not have the form name:address"),
        "devices": (_is_device, "does not have the form /host[:/path[:rwm]]"),
        "cpuSet": (_is_cpus, "does not have the form 0-2,5"),
    }
    for field, (fits, message) in forms.items():
        given = fields.get(field) or []
        for text in given if isinstance(given, list) else [given]:
            if not fits(text):
                yield field, f"{text!r} {message}"
    swap, memory = fields.get("memorySwap") or 0, fields.get("memory") or 0
    if swap > 0 and not 0 < memory <= swap:
        yield "memorySwap", "memory is expected too, and no more of it than memorySwap"
    if swap < -1:
        yield "memorySwap", "bytes are expected, or -1 for as much as there is"


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False


def _is_domain(text: str) -> bool:
    return _DOMAIN.fullmatch(text) is not None


def _is_host(text: str) -> bool:
    name, _, address = text.partition(":")
    return _is_domain(name) and (address == _HOST_GATEWAY or _is_address(address))


def _is_device(text: str) -> bool:
    return _DEVICE.fullmatch(text) is not None


def _is_cpus(text: str) -> bool:
    return _CPUS.fullmatch(text) is not None
