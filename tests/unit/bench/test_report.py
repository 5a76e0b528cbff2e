# SPDX-License-Identifier: Apache-2.0
"""The page of figures: statistics as they are named, results kept and read again, text around the figures untouched."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # the tools in tests/bench are no part of the distribution

from bench import report
from bench.result import Figure, Result, Table, load, percentile, ratios


def test_percentiles_are_samples() -> None:
    samples = [float(n) for n in range(1, 101)]
    assert percentile(samples, 0.50) == 50
    assert percentile(samples, 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_ratios_are_per_round() -> None:
    assert ratios([1.0, 4.0], [2.0, 2.0]) == [0.5, 2.0]
    with pytest.raises(ValueError, match="zip"):
        ratios([1.0], [])


@pytest.mark.parametrize(
    ("statistic", "value", "met"), [("median", 2.0, True), ("max", 9.0, False), ("p99", 9.0, False)]
)
def test_a_figure_is_held_against_its_target(statistic: str, value: float, met: bool) -> None:
    figure = Figure("x", "s", [1.0, 9.0, 2.0], statistic, target=5)
    assert (figure.value, figure.met) == (value, met)
    assert Figure("x", "s", [1.0]).met is None


@pytest.mark.parametrize(("value", "met", "shown"), [(120.0, True, "yes"), (99.0, False, "**no**")])
def test_a_target_may_be_the_least_that_will_do(value: float, met: bool, shown: str) -> None:
    figure = Figure("x", "/s", [value], target=100, at_least=True)
    assert figure.met is met
    assert report.row(figure)[-2:] == ["≥ 100 /s", shown]


def test_results_survive_the_file(tmp_path: Path) -> None:
    result = Result("a", "A", "How.", [Figure("x", "s", [1.0])], [Table("t", ["h"], [["c"]])], {"date": "today"})
    assert load(result.save(tmp_path)) == result


def test_only_what_is_between_the_markers_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write(page, [Result("a", "A", "How.", [Figure("x", "s", [1.0, 3.0], target=1)], [], {"date": "today"})])
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| x | 2.00 s | median | 1.00 – 3.00 s | 2 | ≤ 1.00 s | **no** |" in text  # noqa: RUF001
    report.write(page, [])
    assert page.read_text() == text, "what was not measured anew stays"


def test_a_result_takes_the_place_of_its_older_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{report.BEGIN}\n{report.END}")
    report.write(page, [Result(name, name, "How.", [Figure("x", "s", [1.0])], [], {"date": "then"}) for name in "ab"])
    report.write(page, [Result("a", "a", "Now.", [Figure("x", "s", [2.0])], [], {"date": "now"})])
    found = report.sections(page.read_text())
    assert list(found) == ["a", "b"]
    assert "Now." in found["a"]
    assert "* date: now" in found["a"]
    assert "* date: then" in found["b"]


def test_a_page_without_markers_is_an_error(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing\n")
    with pytest.raises(ValueError, match="needs"):
        report.write(page, [])


def test_prose_stands_in_lines_that_a_page_may_have() -> None:
    words = "word " * 50
    text = report.section(Result("a", "A", words, [], [Table(words, ["h"], [["c"]])], {"date": words}))
    assert max(map(len, text.splitlines())) <= report.LINE
    assert text.split().count("word") == 150
