# SPDX-License-Identifier: Apache-2.0
"""The tables of all pages, to hold them to the code: a table is found by its header, on whatever page it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCED = re.compile(r"^```[^\n]*\n.*?^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_CELL = re.compile(r"(?:`[^`]*`|[^|`])+")
_RULE = re.compile(r"\|(?: *:?-+:? *\|)+")


@dataclass(frozen=True)
class Table:
    """A table of a page, in cells."""

    place: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@cache
def pages() -> dict[str, str]:
    """The text of README.md, of CONTRIBUTING.md and of every page below docs/, by path."""
    paths = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


@cache
def named() -> dict[str, tuple[str, ...]]:
    """What stands in back-ticks on each page, outside of fenced blocks."""
    prose = {page: _FENCED.sub("", text) for page, text in pages().items()}
    return {page: tuple(" ".join(word.split()) for word in words(text)) for page, text in prose.items()}


@cache
def tables() -> tuple[Table, ...]:
    """The tables of all pages."""
    return tuple(table for page, text in pages().items() for table in _tables(page, text))


def headed(*header: str) -> list[Table]:
    """The tables with this header. Raises AssertionError when no page has one."""
    found = [table for table in tables() if table.header == header]
    assert found, f"no page has a table headed {' | '.join(header)}"
    return found


def rows(*header: str) -> list[tuple[str, ...]]:
    """The rows of the tables with this header."""
    return [row for table in headed(*header) for row in table.rows]


def words(cell: str) -> list[str]:
    """What stands in back-ticks."""
    return _SPAN.findall(cell)


def _tables(page: str, text: str) -> Iterator[Table]:
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if at and _RULE.fullmatch(line.strip()):
            below = lines[at + 1 :]
            end = next((number for number, each in enumerate(below) if not each.startswith("|")), len(below))
            yield Table(f"{page}:{at}", _cells(lines[at - 1]), tuple(map(_cells, below[:end])))


def _cells(line: str) -> tuple[str, ...]:
    """The cells of a line; a bar between back-ticks divides nothing."""
    return tuple(cell.strip() for cell in _CELL.findall(line.strip().strip("|")))
