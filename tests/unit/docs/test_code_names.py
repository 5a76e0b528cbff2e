# SPDX-License-Identifier: Apache-2.0
"""Modules, files and folders that pages name are there."""

from __future__ import annotations

import importlib
import re

import doc_tables
import pytest
from doc_tables import ROOT

TOPS = ("docs", "images", "inventories", "molecule", "playbooks", "plugins", "roles", "script", "src", "tests")
PACKAGES = "|".join(path.name for path in (ROOT / "src/orca").iterdir() if (path / "__init__.py").exists())
each_page = pytest.mark.parametrize("page", doc_tables.pages())


def named(name: str) -> bool:
    """True if the name is that of a module, or leads from a module to something in it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


@each_page
def test_modules_that_are_named_exist(page: str) -> None:
    for word in doc_tables.named()[page]:
        found = re.match(rf"(?:orca\.)?((?:{PACKAGES})(?:\.\w+)+)(?:\(|$)", word)
        if found and (word.startswith("orca.") or word.startswith("hoststate.")):
            assert named(f"orca.{found[1]}"), f"{page}: {word}"


@each_page
def test_files_and_folders_that_are_named_exist(page: str) -> None:
    for word in doc_tables.named()[page]:
        path = re.sub("<[^>]*>", "*", word).split()[0].partition(":")[0]
        if path.startswith(tuple(f"{top}/" for top in TOPS)) and not re.search(r"…|[A-Z]{2}", path):
            assert list(ROOT.glob(path)), f"{page}: {word}"


def test_a_name_that_is_none_is_found_out() -> None:
    assert named("orca.wire.names.PING")
    assert not named("orca.wire.names.PONG")
    assert not named("orca.wires")
