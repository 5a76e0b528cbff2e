# SPDX-License-Identifier: Apache-2.0
"""The figures as a section of docs/performance.md, written from the kept results between two markers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.result import Figure, Result

BEGIN, END = "<!-- figures: begin (script/bench --write) -->", "<!-- figures: end -->"

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


def common(results: Sequence[Result]) -> dict[str, str]:
    """The conditions that all results share."""
    first, *others = [result.conditions for result in results] or [{}]
    return {name: text for name, text in first.items() if all(other.get(name) == text for other in others)}


def bullets(conditions: Mapping[str, str]) -> list[str]:
    return [*[f"* {name}: {text}" for name, text in conditions.items()], ""]


def section(result: Result, known: Mapping[str, str]) -> list[str]:
    """One result, with the conditions that are not `known` yet."""
    lines = [f"### {result.title}", "", result.method, ""]
    lines += markdown(HEADER, [row(figure) for figure in result.figures])
    for table in result.tables:
        lines += ["", f"{table.title}:", "", *markdown(table.header, table.rows)]
    own = {name: text for name, text in result.conditions.items() if name not in known}
    return [*lines, "", *bullets(own)]


def write(page: Path, results: Sequence[Result]) -> None:
    """Replace what stands between the markers of `page`.

    Raises ValueError when the page does not have both, in order.
    """
    text = page.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page}: needs {BEGIN!r} and {END!r}, in this order")
    shared = common(results)
    lines = [*bullets(shared), *(line for result in results for line in section(result, shared))]
    body = "\n".join(lines).strip()
    page.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}")
