# SPDX-License-Identifier: Apache-2.0
"""Variables in compose values, as Docker Compose fills them in.

``$NAME``, ``${NAME}``; ``${NAME:-text}`` and ``${NAME-text}`` (a default), ``${NAME:?text}`` and ``${NAME?text}``
(required), ``${NAME:+text}`` and ``${NAME+text}`` (instead of a value); with a colon, an empty value counts as unset.
The text may contain variables, which are looked up even if the text is not used. ``$$`` is a dollar sign; so is a ``$``
before any other character.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

MOST_NESTED = 32
"""Most levels of variables inside variables."""
MOST_VARIABLES = 100_000
"""Most dollar signs in all files together."""
MOST_FILLED = 8 * 1024 * 1024
"""Most characters of all values together after variables are filled in."""

_VARIABLE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_][A-Za-z0-9_]*)|(?P<open>\{))")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:?)([-?+])(.*))?", re.DOTALL)
_BRACE = re.compile(r"[{}]")


class BadVariable(ValueError):
    """A variable that cannot be filled in; the message says why, and what to write instead."""


class Filler:
    """Fills in ``variables``; ``unset`` is called with the name of each that is missing and has no default."""

    def __init__(self, variables: Mapping[str, str], unset: Callable[[str], None]) -> None:
        self._variables = variables
        self._unset = unset
        self._left = MOST_FILLED
        self._variables_left = MOST_VARIABLES

    def fill(self, text: str, depth: int = 1) -> str:
        """Return ``text`` with its variables filled in.

        Raises:
            BadVariable: braces without a name or without an end, a required variable that is not set, too much of it.
        """
        if depth > MOST_NESTED:
            raise BadVariable(f"variables are at most {MOST_NESTED} deep in each other")
        pieces: list[str] = []
        at = 0
        while match := _VARIABLE.search(text, at):
            pieces.append(text[at : match.start()])
            at = match.end()
            if match["escaped"]:
                piece = "$"
            elif match["plain"]:
                piece = self._value(match["plain"])
            else:
                end = _closing(text, at)
                piece = self._braced(text[at:end], depth)
                at = end + 1
            self._left -= len(piece)
            self._variables_left -= 1
            if self._left < 0 or self._variables_left < 0:
                raise BadVariable(
                    f"files have at most {MOST_VARIABLES} dollar signs, and variables make at most {MOST_FILLED}"
                    " characters: bring long texts as a file"
                )
            pieces.append(piece)
        return "".join([*pieces, text[at:]]) if at else text

    def _braced(self, inside: str, depth: int) -> str:
        match = _INSIDE.fullmatch(inside)
        if match is None:
            raise BadVariable(f"${{{_short(inside)}}} is not a variable: write $$ for a dollar sign")
        name, colon, sign, rest = match.groups()
        if not sign:
            return self._value(name)
        word = self.fill(rest, depth + 1)
        value = self._variables.get(name)
        given = value is not None and (value != "" or not colon)
        if sign == "+":
            return word if given else ""
        if value is not None and given:
            return value
        if sign == "?":
            raise BadVariable(f"variable {name} is required{': ' if word else ''}{_short(word)}: give it a value")
        return word

    def _value(self, name: str) -> str:
        value = self._variables.get(name)
        if value is None:
            self._unset(name)
        return value or ""


def _closing(text: str, at: int) -> int:
    """The position of the closing brace for the one before ``at``."""
    depth = 1
    for brace in _BRACE.finditer(text, at):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.start()
    raise BadVariable(f"${{{_short(text[at:])} has no closing brace: write $$ for a dollar sign")


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."
