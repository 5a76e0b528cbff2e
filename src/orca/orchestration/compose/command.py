# SPDX-License-Identifier: Apache-2.0
"""A command line as a list of words, split as Docker Compose (and Rancher in 2015) split it.

Source: the package shellwords that Compose uses. No shell runs: a backslash escapes the next character, also inside
double quotes; quotes are removed.
"""

from __future__ import annotations

import re

from orca.resources.limits import MOST_ITEMS

_CODE = r"`[^`]*+`|\$\([^)]*+\)"
_WORD = re.compile(
    rf"""(?:[^ \t\r\n'"\\`;&|<>()$]++ | \$(?!\() | \\. | '[^']*+' | "[^"\\]*+(?:\\.[^"\\]*+)*+" | {_CODE})++""",
    re.DOTALL | re.VERBOSE,
)
_BLANKS = re.compile(r"[ \t\r\n]*+")
_QUOTED = re.compile(rf"""{_CODE}|'([^']*+)'|"([^"\\]*+(?:\\.[^"\\]*+)*+)"|((?:\\.)++)""", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def split(text: str) -> list[str]:
    """Return the words of ``text``.

    Raises:
        ValueError: a quote without its end, a sign that only a shell knows, too many words; the message names the cure.
    """
    words: list[str] = []
    at = _after_blanks(text, 0)
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None or (match.end() < len(text) and _after_blanks(text, match.end()) == match.end()):
            raise ValueError(_wrong(text[match.end() if match else at]))
        if len(words) == MOST_ITEMS:
            raise ValueError(f"a command has at most {MOST_ITEMS} words: bring long ones as a file")
        words.append(_QUOTED.sub(_plain, match[0]))
        at = _after_blanks(text, match.end())
    return words


def _after_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    assert match is not None
    return match.end()


def _plain(match: re.Match[str]) -> str:
    single, double, escaped = match.groups()
    if single is not None:
        return single
    backslashed = escaped if double is None else double
    return match[0] if backslashed is None else _ESCAPED.sub(r"\1", backslashed)


def _wrong(sign: str) -> str:
    if sign in "'\"`\\":
        return f"there is no end to what {sign} begins: add it, or write the command as a list"
    return f"{sign} is a sign of shells, and none runs here: write [sh, -c, '...'], or put it in quotes"
