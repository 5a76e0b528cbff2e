# SPDX-License-Identifier: Apache-2.0
"""Labels of the platform's families that the program knows are on the pages, and none besides."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import doc_tables
from doc_tables import ROOT

LABEL = re.compile(r"\bio\.(?:rancher|orca)\.[a-z_.]+")
BEGINNING = "io.rancher.loadbalancer.target."
"""The name of a service follows, which the user chooses."""


def texts(source: str) -> Iterator[str]:
    """The texts of a program, without its docstrings."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def labels(text: str) -> set[str]:
    """The labels in a text. What ends in a dot begins labels, and counts where it names more than the family."""
    found = (label if BEGINNING not in label else BEGINNING for label in LABEL.findall(text))
    return {label.rstrip(".") for label in found if label.strip(".").count(".") > 1}


def known() -> set[str]:
    paths = [path for top in ("src/orca", "plugins") for path in (ROOT / top).rglob("*.py")]
    return set().union(*(labels(text) for path in paths for text in texts(path.read_text())))


def test_labels_of_the_program_are_on_the_pages_and_none_besides() -> None:
    shown = set().union(*map(labels, doc_tables.pages().values()))
    assert shown == known()
