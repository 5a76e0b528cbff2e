# SPDX-License-Identifier: Apache-2.0
"""What is wrong with compose files, and where: everything that can be found is collected, and refused together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST_SHOWN = 100
"""Refusals that one answer names."""
MOST_CHARACTERS = 500
"""Characters of one message: it may repeat what it is about."""


class Place(NamedTuple):
    """Where something stands: lines and columns are counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that cannot be used; the message says why, and what to write instead."""

    place: Place
    message: str
    service: str | None = None
    key: str | None = None

    @property
    def described(self) -> dict[str, Any]:
        """As the API's error names it."""
        where = {"file": self.place.file, "line": self.place.line, "column": self.place.column}
        about = {"service": self.service, "key": self.key}
        return {**where, **{name: text for name, text in about.items() if text is not None}, "message": self.message}

    def __str__(self) -> str:
        service = "" if self.service is None else f"service {self.service!r}: "
        key = "" if self.key is None else f"{self.key}: "
        return f"{self.place}: {service}{key}{self.message}"


class Wrong(ValueError):
    """A value that cannot be used, as its reader sees it: who reads the key knows service and key."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


class ComposeError(ValueError):
    """The compose files cannot be used. ``refusals`` is everything that was found, in the order of the files."""

    def __init__(self, refusals: Sequence[Refusal], left_out: int = 0) -> None:
        more = [f"and {left_out} more"] if left_out else []
        super().__init__("\n".join([*map(str, refusals), *more]))
        self.refusals = tuple(refusals)


class Findings:
    """What reading finds: refusals, and warnings, which stop nothing. Of several refusals of one place, the first."""

    def __init__(self) -> None:
        self._refusals: dict[Place, Refusal] = {}
        self._warnings: dict[str, None] = {}
        self._blamed: set[str | None] = set()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Each once, in the order in which they were found."""
        return tuple(self._warnings)

    def blames(self, service: str) -> bool:
        """True if something of a service was refused."""
        return service in self._blamed

    def refuse(self, place: Place, message: str, service: str | None = None, key: str | None = None) -> None:
        """Note a refusal."""
        if len(message) > MOST_CHARACTERS:
            message = f"{message[:MOST_CHARACTERS]}..."
        self._refusals.setdefault(place, Refusal(place, message, service, key))
        self._blamed.add(service)

    def warn(self, place: Place, message: str) -> None:
        """Note a warning."""
        self._warnings[f"{place}: {message}"] = None

    @contextmanager
    def collect(self, service: str | None = None, key: str | None = None) -> Iterator[None]:
        """Note what goes wrong inside as a refusal of a key, and go on after it."""
        try:
            yield
        except Wrong as error:
            self.refuse(error.place, error.message, service, key)

    def raise_if_refused(self) -> None:
        """Return if nothing was refused.

        Raises:
            ComposeError: with every refusal so far.
        """
        if self._refusals:
            found = sorted(self._refusals.values(), key=lambda refusal: refusal.place)
            raise ComposeError(found[:MOST_SHOWN], max(0, len(found) - MOST_SHOWN))
