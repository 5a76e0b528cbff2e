# SPDX-License-Identifier: Apache-2.0
"""Roles take the variables that their specs, defaults and pages say, with the same defaults."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import doc_tables
import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted((ROOT / "roles").iterdir())
OTHERS = {"dns_search", *(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))}
"""Words like variables of roles: a key of compose files, and modules."""
each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def options(role: Path) -> dict[str, dict[str, Any]]:
    spec = yaml.safe_load((role / "meta/argument_specs.yml").read_text())
    return dict(spec["argument_specs"]["main"]["options"])


def read(role: Path, folder: str) -> dict[str, Any]:
    path = role / folder / "main.yml"
    return dict(yaml.safe_load(path.read_text()) or {}) if path.exists() else {}


def test_the_pages_of_roles_are_up_to_date() -> None:
    command = [sys.executable, ROOT / "script" / "role_pages.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stderr


@each_role
def test_every_default_has_its_option_and_the_other_way_round(role: Path) -> None:
    defaults, specs = read(role, "defaults"), options(role)
    assert set(defaults) <= set(specs)
    for name, option in specs.items():
        worked_out = "{{" in str(defaults.get(name, "{{"))
        assert ("default" in option) != worked_out, name
        if not worked_out:
            assert option["default"] == defaults[name], name


def code(role: Path) -> str:
    """All that a role does."""
    folders = ("tasks", "handlers", "templates", "vars")
    return "\n".join(path.read_text() for folder in folders for path in sorted((role / folder).rglob("*.*")))


@each_role
def test_variables_that_a_role_uses_are_its_options_or_made_by_itself(role: Path) -> None:
    text = code(role)
    made = set(re.findall(r"(?:register|loop_var|notify): (\w+)", text)) | set(read(role, "vars"))
    used = set(re.findall(rf"(?<![\w.]){role.name}_\w+", text))
    assert used - made <= set(options(role))


@each_role
def test_every_option_is_used(role: Path) -> None:
    assert set(options(role)) <= set(re.findall(rf"\b{role.name}_\w+", code(role)))


def test_variables_of_roles_that_pages_name_are_options() -> None:
    known = {name for role in ROLES for name in options(role)}
    names = "|".join(role.name for role in ROLES)
    for page, words in doc_tables.named().items():
        for word in words:
            for name in re.findall(rf"^(?:{names})_[a-z_]+", word):
                assert name in known | OTHERS, f"{page}: no role takes {name}"
