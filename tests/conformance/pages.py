# SPDX-License-Identifier: Apache-2.0
"""The pages that users read: their fenced blocks, their commands and the words in back-ticks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/api.md", "docs/cli.md", "docs/operations.md", "docs/compose.md")

RUN = ("sh", "python", "yaml")
"""Languages of blocks that run as printed: shell, Python, plays."""
READ = ("console", "json")
"""Languages of blocks that are read: commands after `$`, and documents."""
SHOWN = ("sql", "text")
"""Languages of blocks that are only shown: what is typed into a database's own client, and drawings."""

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_SPAN = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, the line where it begins, the heading above it."""

    page: str
    line: int
    section: str
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Command:
    """A command as printed, in words, with where it stands."""

    place: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.place} {' '.join(self.words)}"


def text_of(page: str) -> str:
    """The whole page."""
    return (ROOT / page).read_text()


def prose_of(page: str) -> str:
    """The page without its blocks; line numbers stay."""
    return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), text_of(page))


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    text, found = text_of(page), []
    for match in _FENCE.finditer(text):
        above = _HEADING.findall(text[: match.start()])
        line = text.count("\n", 0, match.start()) + 1
        found.append(Block(page, line, above[-1], match[1].strip(), match[2]))
    return found


def spans(page: str) -> Iterator[tuple[str, str]]:
    """What stands in back-ticks outside the blocks, each with its place."""
    prose = prose_of(page)
    for match in _SPAN.finditer(prose):
        yield f"{page}:{prose.count(chr(10), 0, match.start()) + 1}", " ".join(match[1].split())


def printed(page: str, *languages: str) -> list[Command]:
    """Every command of the blocks of a page: of shell blocks, and after `$` in consoles."""
    lines: list[tuple[str, str]] = []
    for block in blocks(page):
        if languages and block.language not in languages:
            continue
        text = block.text.replace("\\\n", "  ")
        if block.language == "sh":
            lines += [(str(block), line) for line in text.splitlines()]
        if block.language == "console":
            lines += [(str(block), line[2:]) for line in text.splitlines() if line.startswith("$ ")]
    return [Command(place, tuple(words)) for place, line in lines for words in _simple(line)]


def mentioned(page: str) -> list[Command]:
    """What stands in back-ticks, read as commands."""
    return [Command(place, tuple(words)) for place, span in spans(page) for words in _simple(span)]


def _simple(line: str) -> Iterator[list[str]]:
    """The simple commands of a line, without assignments before them."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";|&<>()")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words = list(lexer)
    except ValueError:
        return  # half a quotation: of a longer snippet, or prose
    simple: list[str] = []
    for word in [*words, ";"]:
        if word and set(word) <= set(";|&()<>"):
            while simple and re.fullmatch(r"[A-Z_]+=.*", simple[0]):
                del simple[0]
            if simple[:2] == ["sudo", "-u"]:
                del simple[:3]
            if simple:
                yield [simple[0].rpartition("/bin/")[2], *simple[1:]]
            simple = []
        else:
            simple.append(word)
