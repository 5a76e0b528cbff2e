# SPDX-License-Identifier: Apache-2.0
"""Pages can be read in an editor and a diff, and what the sources cite is there."""

from __future__ import annotations

import re
import tomllib
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


def test_every_word_lives_where_its_page_says() -> None:
    rows = [line.strip("| ").split(" | ") for line in (ROOT / "docs/words.md").read_text().splitlines() if "|" in line]
    places = [row[-1].strip("`") for row in rows if len(row) > 2 and row[-1].startswith("`")]
    assert len(places) > 40
    missing = [place for place in places if not (ROOT / "src/orca" / place).exists() and not (ROOT / place).exists()]
    assert missing == []


def test_the_layout_names_every_package_and_room() -> None:
    page = (ROOT / "docs/architecture/layout.md").read_text()
    for floor in ("", "orchestration", "provision", "api"):
        for module in sorted((ROOT / "src/orca" / floor).glob("*/__init__.py")):
            name = f"`orca.{module.parent.name}`" if not floor else f"`{module.parent.name}/`"
            assert name in page, f"{floor}: {name}"


def test_rooms_stand_in_the_order_that_imports_keep() -> None:
    page = (ROOT / "docs/architecture/layout.md").read_text()
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    contracts = {each["name"]: each["layers"] for each in linter["contracts"] if each["type"] == "layers"}
    rooms = {name: layers for name, layers in contracts.items() if name.startswith("Rooms of ")}
    assert len(rooms) == 3
    for name, layers in rooms.items():
        table = page.split(f"\n## {name}\n", 1)[1].split("\n## ", 1)[0]
        shown = re.findall(r"^\| `([a-z]+)/?` \|", table, re.MULTILINE)
        assert shown == [layer.rpartition(".")[2] for layer in reversed(layers)], name
