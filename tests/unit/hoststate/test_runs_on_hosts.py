# SPDX-License-Identifier: Apache-2.0
"""What hosts run is Python 3.8, and hoststate needs the standard library alone.

`script/lint` also looks for members of the library that came later (ruff, vermin).
"""

import ast
import builtins
import sys
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[3] / "plugins"
OLDEST = (3, 8)

#: Classes that could not be subscripted before 3.9, but in annotations, which nobody evaluates.
PLAIN = {name for name, value in vars(builtins).items() if isinstance(value, type)}


def sources(folder):
    files = sorted((PLUGINS / folder).rglob("*.py"))
    assert files
    return [pytest.param(path, id=str(path.relative_to(PLUGINS))) for path in files]


def evaluated(tree):
    """Return the nodes of a module outside of annotations."""
    nodes, queue = [], [tree]
    while queue:
        node = queue.pop()
        nodes.append(node)
        for field, value in ast.iter_fields(node):
            if field not in ("annotation", "returns"):
                queue += [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, ast.AST)]
    return nodes


def too_new(text):
    """Return the lines of a module that only later versions can run."""
    tree = ast.parse(text, feature_version=OLDEST)
    from_abc = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "collections.abc"
        for alias in node.names
    }
    plain = PLAIN | from_abc
    return [
        node.lineno
        for node in evaluated(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in plain
    ]


@pytest.mark.parametrize("path", sources("module_utils") + sources("modules"))
def test_python_3_8_reads_it(path):
    text = path.read_text()
    assert too_new(text) == []
    if any(isinstance(node, ast.FunctionDef) for node in ast.walk(ast.parse(text))):
        assert "from __future__ import annotations\n" in text


def test_what_is_too_new_is_found():
    assert too_new("from __future__ import annotations\ndef f(x: dict[str, int] | None) -> list[int]: ...\n") == []
    assert too_new("Table = dict[str, int]\n") == [1]
    assert too_new("from collections.abc import Mapping\n\nAny = Mapping[str, str]\n") == [3]
    with pytest.raises(SyntaxError):
        too_new("match 1:\n    case 1: pass\n")


@pytest.mark.parametrize("path", sources("module_utils/hoststate"))
def test_hoststate_needs_the_standard_library_alone(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module)
        assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
