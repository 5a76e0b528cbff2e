# SPDX-License-Identifier: Apache-2.0
"""Role `mesh` removes what a host kept for each kind of host state, keys among it."""

from __future__ import annotations

from pathlib import Path

import yaml

from orca.hoststate.apply.kinds import KINDS
from orca.hoststate.plan import places

ROOT = Path(__file__).parents[3]
STAYS = {places.RESOLV}
"""Files that containers made by hand still mount."""


def test_every_directory_of_a_kind_is_removed() -> None:
    tasks = yaml.safe_load((ROOT / "roles/mesh/tasks/absent.yml").read_text())
    (removed,) = (task["loop"] for task in tasks if "loop" in task)
    tops = {path.name.split("/")[0] for kind in KINDS for path in kind.paths}
    assert {f"{places.ROOT}/{top}" for top in tops - STAYS - {""}} <= set(removed)
