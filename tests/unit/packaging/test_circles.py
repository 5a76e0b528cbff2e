# SPDX-License-Identifier: Apache-2.0
"""Imports run one way between files, too; those inside functions and for type checkers count."""

import graphlib

import grimp
import pytest


def order(package: str) -> list[str]:
    """The modules of a package, each behind those that it imports. Raises ``CycleError``."""
    graph = grimp.build_graph(package, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    return list(graphlib.TopologicalSorter(imports).static_order())


def test_no_file_imports_itself_by_way_of_others():
    assert {"orca.engine.core", "orca.store.record", "orca.hoststate.plan"} <= set(order("orca"))


@pytest.mark.parametrize(
    "back",
    [
        "from circular.first import ONE",
        "def later():\n    from circular.first import ONE",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from circular.first import ONE",
    ],
)
def test_a_circle_is_found(tmp_path, monkeypatch, back):
    package = tmp_path / "circular"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "first.py").write_text("from circular import second\nONE = 1\n")
    (package / "second.py").write_text(back + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(graphlib.CycleError) as found:
        order("circular")
    assert {"circular.first", "circular.second"} <= set(found.value.args[1])
