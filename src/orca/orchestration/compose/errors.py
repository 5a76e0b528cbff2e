# SPDX-License-Identifier: Apache-2.0
"""Errors in compose files and their places: all errors are collected and reported together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

MOST_SHOWN = 100
"""Most refusals in one answer."""
MOST_CHARACTERS = 500
"""Most characters of one message, since it may quote the file."""


class Place(NamedTuple):
    """A place in a file; lines and columns are counted from 1."""

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
        """The refusal in the form of the API's error."""
        where = {"file": self.place.file, "line": self.place.line, "column": self.place.column}
        about = {"service": self.service, "key": self.key}
        return {**where, **{name: text for name, text in about.items() if text is not None}, "message": self.message}

    def __str__(self) -> str:
        service = "" if self.service is None else f"service {self.service!r}: "
        key = "" if self.key is None else f"{self.key}: "
        return f"{self.place}: {service}{key}{self.message}"


class Wrong(ValueError):
    """A value cannot be used. Its reader does not know service and key; the caller adds them."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place
        self.message = message


class ComposeError(ValueError):
    """The compose files cannot be used. ``refusals`` are all errors in the order of the files."""

    def __init__(self, refusals: Sequence[Refusal], left_out: int = 0) -> None:
        more = [f"and {left_out} more"] if left_out else []
        super().__init__("\n".join([*map(str, refusals), *more]))
        self.refusals = tuple(refusals)


class Findings:
    """The findings of reading: refusals, and warnings, which refuse nothing. Of several refusals of one place the first
    counts.
    """

    def __init__(self) -> None:
        self._refusals: dict[Place, Refusal] = {}
        self._warnings: dict[str, None] = {}
        self._blamed: set[str | None] = set()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Each warning once, in the order of discovery."""
        return tuple(self._warnings)

    def blames(self, service: str) -> bool:
        """True if a part of a service was refused."""
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
        """Record an error of the block as a refusal of a key, and go on after it."""
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
