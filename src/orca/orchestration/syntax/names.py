# SPDX-License-Identifier: Apache-2.0
"""Names of services, of their parts and of their containers."""

from __future__ import annotations

import re
from collections.abc import Collection

SEPARATOR = "_"
"""The separator of stack, service and number, as in 2015."""

PRIMARY = ""
"""The part of the service's own launch config; a sidekick's part is its name."""

_LABEL = re.compile(r"^(?!-)(?!.*--)[A-Za-z0-9-]{1,63}(?<!-)$")


class BadName(ValueError):
    """A name that cannot be a DNS label; the message shows it."""


def check_service_name(name: str) -> None:
    """Accept a DNS label (letters, digits, inner single hyphens, at most 63 characters).

    Raises:
        BadName: anything else.
    """
    if not _LABEL.match(name):
        raise BadName(
            f"service name {name!r}: letters, digits and single hyphens inside are allowed, at most 63 characters"
        )


def container_name(stack: str, service: str, number: int, part: str = "") -> str:
    """``web_memcached_1`` for the first container of service memcached in stack web; a sidekick's has its name too."""
    return SEPARATOR.join((stack, service, *([part] if part else []), str(number)))


def free_numbers(taken: Collection[int], count: int) -> list[int]:
    """The lowest ``count`` free numbers from 1 upwards; freed ones are used again."""
    result: list[int] = []
    number = 0
    while len(result) < count:
        number += 1
        if number not in taken:
            result.append(number)
    return result
