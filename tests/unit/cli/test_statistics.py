# SPDX-License-Identifier: Apache-2.0
"""What `orca stats` makes of two reports."""

from __future__ import annotations

from typing import Any

from orca.cli.statistics import Figures


def report(second: int, busy: int, received: int, **more: Any) -> dict[str, Any]:
    """A report in the form of docs/api.md, "Statistics"."""
    return {
        "id": "1i1",
        "resourceType": "container",
        "memLimit": 2 << 30,
        "timestamp": f"2026-11-23T09:00:{second:02}.500000000Z",
        "cpu": {"usage": {"total": busy}},
        "memory": {"usage": 3 << 20},
        "network": {"rx_bytes": received, "tx_bytes": 0},
        "diskio": {"io_service_bytes": [{"stats": {"Read": received, "Write": 0}}] * 2},
        **more,
    }


def test_one_report_tells_sizes_and_no_rates() -> None:
    figures = Figures()
    figures.take(report(0, 0, 0))
    assert figures.rows({"1i1": "web"}) == [("1i1", "web", None, "3.0 MiB", "2.0 GiB", None, None, None, None)]


def test_rates_are_means_over_the_gap() -> None:
    figures = Figures()
    figures.take(report(0, 1_000_000_000, 1000))
    figures.take(report(4, 3_000_000_000, 9192))
    used = figures.usage("1i1")
    assert used["cpuPercent"] == 50
    assert (used["networkIn"], used["diskRead"]) == (2048, 4096)


def test_a_container_that_began_anew_has_no_negative_rate() -> None:
    figures = Figures()
    figures.take(report(0, 5_000_000_000, 1000))
    figures.take(report(1, 0, 0))
    assert figures.usage("1i1")["cpuPercent"] == 0


def test_what_is_no_longer_reported_leaves_the_table(monkeypatch: Any) -> None:
    figures = Figures()
    figures.take(report(0, 0, 0))
    monkeypatch.setattr("orca.cli.statistics.STALE", 0)
    assert figures.rows({}) == []
