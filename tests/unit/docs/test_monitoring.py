# SPDX-License-Identifier: Apache-2.0
"""What `monitoring/` holds fits the figures that docs/monitoring.md names; conformance holds the page to the server."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "monitoring").rglob("*.*"))


def test_rules_and_dashboards_ask_for_figures_that_there_are() -> None:
    named = set(re.findall(r"`(orca_\w+)`", (ROOT / "docs/monitoring.md").read_text()))
    for path in FILES:
        asked = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"\borca_\w+", path.read_text())}
        assert asked, path
        assert asked <= named, path


def test_dashboards_have_panels_with_ids_of_their_own() -> None:
    boards = [json.loads(path.read_text()) for path in FILES if path.suffix == ".json"]
    assert len({board["uid"] for board in boards}) == len(boards) == 2
    for board in boards:
        ids = [panel["id"] for panel in board["panels"]]
        assert len(set(ids)) == len(ids)
        assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
