# SPDX-License-Identifier: Apache-2.0
"""Pages can be read in an editor and a diff, and what the sources cite is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
CITING = ("src", "plugins", "tests", "script", "roles", "playbooks", "images", "molecule")
LONGEST = 120
"""Characters of a line of prose. Rows of tables and lines of fenced blocks cannot be broken."""

_CITED = re.compile(r"(docs/[\w/-]+\.md)(?:,? sections? ([\d.]*\d)(?:(?: and | to |, )([\d.]*\d))?)?")


def lines(page: Path) -> Iterator[tuple[int, str]]:
    """The lines of a page outside of tables and fenced blocks."""
    fenced = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith("|"):
            yield number, line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_are_short(page: Path) -> None:
    assert [f"{page.name}:{number}" for number, line in lines(page) if len(line) > LONGEST] == []


def citations() -> Iterator[tuple[Path, str, tuple[str, ...]]]:
    """Which page each source cites, and which sections of it."""
    for top in CITING:
        for source in sorted((ROOT / top).rglob("*")):
            if source.is_file() and not source.is_symlink() and source.suffix in {".py", ".yml", ".md", ".sh", ""}:
                text = " ".join(source.read_text(errors="replace").split())
                for page, *sections in _CITED.findall(text):
                    yield source, page, tuple(filter(None, sections))


def test_what_is_cited_is_there() -> None:
    found = list(citations())
    assert len(found) > 40
    for source, page, sections in found:
        assert (ROOT / page).is_file(), f"{source}: {page}"
        for section in sections:
            heading = re.compile(rf"^#+ {re.escape(section)}\.? ", re.MULTILINE)
            assert heading.search((ROOT / page).read_text()), f"{source}: {page} has no section {section}"
