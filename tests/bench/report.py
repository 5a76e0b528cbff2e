# SPDX-License-Identifier: Apache-2.0
"""The figures as a section of docs/performance.md, written from the kept results between two markers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.result import Figure, Result

BEGIN, END = "<!-- figures: begin (script/bench --write) -->", "<!-- figures: end -->"

LINE = 120
"""Characters of a line of a page (tests/unit/docs/test_pages.py)."""

HEADER = ["figure", "value", "statistic", "least – most", "samples", "target", "met"]  # noqa: RUF001


def number(value: float, unit: str) -> str:
    """Three significant digits, with the unit."""
    digits = 0 if abs(value) >= 100 or value == 0 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}".strip()


def row(figure: Figure) -> list[str]:
    low, high = min(figure.samples), max(figure.samples)
    spread = "" if len(figure.samples) == 1 else f"{number(low, '')} – {number(high, figure.unit)}"  # noqa: RUF001
    target = "" if figure.target is None else f"{'≥' if figure.at_least else '≤'} {number(figure.target, figure.unit)}"
    verdict = {None: "", True: "yes", False: "**no**"}[figure.met]
    value, count = number(figure.value, figure.unit), str(len(figure.samples))
    return [figure.name, value, figure.statistic, spread, count, target, verdict]


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return [line(header), "|" + "---|" * len(header), *map(line, rows)]


def prose(text: str, indent: str = "") -> str:
    """Text in lines that a page may have; all after the first are indented."""
    return textwrap.fill(text, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def bullets(conditions: Mapping[str, str]) -> list[str]:
    return [*[prose(f"* {name}: {text}", "  ") for name, text in conditions.items()], ""]


def section(result: Result) -> str:
    """One result, with the conditions it was measured under."""
    lines = [f"### {result.title}", "", prose(result.method), ""]
    lines += markdown(HEADER, [row(figure) for figure in result.figures])
    for table in result.tables:
        lines += ["", prose(f"{table.title}:"), "", *markdown(table.header, table.rows)]
    return "\n".join([*lines, "", *bullets(result.conditions)]).strip()


def sections(text: str) -> dict[str, str]:
    """The sections that a page has, by title."""
    found = [part.strip() for part in re.split("^(?=### )", text, flags=re.MULTILINE) if part.startswith("### ")]
    return {part.splitlines()[0].removeprefix("### "): part for part in found}


def write(page: Path, results: Sequence[Result]) -> None:
    """Put results between the markers of `page`, each in the place of an older one; what was not measured anew stays.

    Raises ValueError when the page does not have both, in order.
    """
    text = page.read_text()
    head, begin, rest = text.partition(BEGIN)
    old, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: needs {BEGIN!r} and {END!r}, in this order")
    found = sections(old) | {result.title: section(result) for result in results}
    body = "\n\n".join(found.values())
    page.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}")
