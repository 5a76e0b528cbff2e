# SPDX-License-Identifier: Apache-2.0
"""What goes into an image, and when its hash changes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "script"))

from image_build import recipe, wheels


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with images base, net (on base), probe (on net) and two of a machine; a project with extras."""
    for name, context in (
        ("base", "debian: 13\n"),
        ("machine", "debian: 12 13\n"),
        ("net", "shared/code # what it runs\nwheels: agent\n"),
        ("probe", "base: net\n"),
    ):
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text("ARG BASE\nFROM $BASE\n")
        if context:
            (folder / "context").write_text(context)
    (tmp_path / "shared/code").mkdir(parents=True)
    (tmp_path / "shared/code/run.py").write_text("print()\n")
    (tmp_path / "pyproject.toml").write_text(
        """
        [project]
        name = "thing"
        dependencies = ["a>=1"]
        [project.optional-dependencies]
        agent = ["b", "a>=1"]
        all = ["c", "thing[agent, all]"]
        """
    )
    return tmp_path


def test_reads_what_the_context_file_adds(root: Path) -> None:
    (net,) = recipe.read(root, "net")
    assert (net.paths, net.wheels, net.base, net.debian) == ((Path("shared/code"),), "agent", "base", None)
    (base,) = recipe.read(root, "base")
    assert (base.name, base.base, base.debian) == ("base", None, "13")


def test_several_releases_make_one_image_each(root: Path) -> None:
    assert [(each.name, each.base, each.debian) for each in recipe.read(root, "machine")] == [
        ("machine-debian12", None, "12"),
        ("machine-debian13", None, "13"),
    ]
    ((first, second),) = recipe.in_order(root, ["machine"])
    assert (first.folder, second.folder) == (root / "images" / "machine",) * 2
    assert [[each.name for each in wave] for wave in recipe.in_order(root, ["machine-debian12"])] == [[first.name]]


def test_bases_come_first_and_alone_when_wanted(root: Path) -> None:
    assert [[each.name for each in wave] for wave in recipe.in_order(root, ["probe"])] == [["base"], ["net"], ["probe"]]
    assert [[each.name for each in wave] for wave in recipe.in_order(root, ["base"])] == [["base"]]


@pytest.mark.parametrize(
    ("image", "context", "message"),
    [
        ("nothing", None, "no image 'nothing': known are base, machine-debian12, machine-debian13, net, probe"),
        ("net", "debian: 11\n", r"context:1: not .*'debian: RELEASE ...' \(12, 13\)"),
        ("net", "no/such/path\n", r"context:1: not .* a path that exists: no/such/path"),
        ("net", "base: probe\n", "in a circle: net -> probe -> net"),
    ],
)
def test_a_wrong_recipe_is_explained(root: Path, image: str, context: str | None, message: str) -> None:
    if context:
        (root / "images" / image / "context").write_text(context)
    with pytest.raises(recipe.RecipeError, match=message):
        recipe.in_order(root, [image])


def test_the_digest_follows_content_name_and_mode_only(root: Path) -> None:
    file = root / "shared/code/run.py"

    def digest() -> str:
        return recipe.digest_of_files(root, [root / "shared"])

    first = digest()
    file.touch()
    (root / "shared/code/__pycache__").mkdir()
    (root / "shared/code/__pycache__/run.pyc").write_text("")
    assert digest() == first
    file.chmod(0o755)
    executable = digest()
    assert executable != first
    file.write_text("print(1)\n")
    changed = digest()
    assert changed not in (first, executable)
    file.rename(file.with_name("other.py"))
    assert digest() != changed


def test_requirements_of_an_extra_with_references_to_others(root: Path) -> None:
    assert wheels.requirements(root, "agent") == ["a>=1", "b"]
    assert wheels.requirements(root, "all") == ["a>=1", "b", "c"]
    with pytest.raises(recipe.RecipeError, match="no extra 'none'"):
        wheels.requirements(root, "none")
