# SPDX-License-Identifier: Apache-2.0
"""What a measurement says: samples with unit and target, kept as JSON; the page is written from those files alone."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


def percentile(samples: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was measured, not one between two."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "median": statistics.median,
    "p50": lambda samples: percentile(samples, 0.50),
    "p99": lambda samples: percentile(samples, 0.99),
    "max": max,
}


@dataclass(frozen=True)
class Figure:
    """One line of a table: samples of one quantity, and which statistic of them is held against the target."""

    name: str
    unit: str  # s, ms, MB, %, /s, or empty for a ratio
    samples: list[float]
    statistic: str = "median"  # a key of STATISTICS
    target: float | None = None
    at_least: bool = False  # the target is the least that will do, not the most

    @property
    def value(self) -> float:
        return float(STATISTICS[self.statistic](self.samples))

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass(frozen=True)
class Table:
    """Something that is no sample, such as where the time goes."""

    title: str
    header: list[str]
    rows: list[list[str]]


@dataclass
class Result:
    """All that one module measured. `method` says in a sentence or two what was done."""

    name: str
    title: str
    method: str
    figures: list[Figure]
    tables: list[Table] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)

    def save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")
        return path


def load(path: Path) -> Result:
    """A result as `save` wrote it."""
    document: dict[str, Any] = json.loads(path.read_text())
    document["figures"] = [Figure(**figure) for figure in document["figures"]]
    document["tables"] = [Table(**table) for table in document["tables"]]
    return Result(**document)


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ratio per round: what was measured within the same minute is compared, so a slow minute hits both sides."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]
