# SPDX-License-Identifier: Apache-2.0
"""What an image is made of, read from its folder, and the hash of all of it.

``images/NAME/Dockerfile`` starts with ``ARG BASE`` / ``FROM $BASE``; its folder is the build context. A file
``context`` beside it adds to that, one entry a line:

* ``PATH``           a file or folder of the repository, put at the same path in the context
* ``wheels: EXTRA``  a ``wheelhouse/`` with this project and the dependencies of its extra EXTRA (see wheels.py)
* ``base: NAME``     the image of ours to build on, ``base`` when it is not said
* ``debian: N ...``  build on Debian N itself; several releases make one image each, named ``NAME-debianN``
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from image_build import rootfs

CONTEXT_FILE = "context"
SKIPPED = {"__pycache__", ".DS_Store", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


class RecipeError(Exception):
    """An image folder that cannot be built, said in words for the person who wrote it."""


@dataclass(frozen=True)
class Recipe:
    """One image; ``paths`` are relative to the repository's root, the rest as in the module's text.

    It stands either on an image of ours (``base``) or on a Debian release.
    """

    name: str
    folder: Path
    paths: tuple[Path, ...]
    wheels: str | None
    base: str | None
    debian: str | None


def read(root: Path, folder_name: str) -> list[Recipe]:
    """The images that ``images/FOLDER_NAME`` makes: one, or one for each Debian release it asks for.

    Raises:
        RecipeError: its ``context`` names something that is not there.
    """
    folder = root / "images" / folder_name
    paths: list[Path] = []
    wheels: str | None = None
    base = "base"
    releases: list[str] = []
    context = folder / CONTEXT_FILE
    lines = context.read_text().splitlines() if context.is_file() else []
    for number, line in enumerate(lines, start=1):
        entry = line.partition("#")[0].strip()
        key, colon, value = (part.strip() for part in entry.partition(":"))
        if not entry:
            continue
        if colon and key == "wheels":
            wheels = value
        elif colon and key == "base":
            base = value
        elif colon and key == "debian" and set(value.split()) <= rootfs.SUITES.keys():
            releases = value.split()
        elif not colon and (root / entry).exists():
            paths.append(Path(entry))
        else:
            raise RecipeError(
                f"{context}:{number}: not 'wheels: EXTRA', 'base: NAME', 'debian: RELEASE ...' "
                f"({', '.join(rootfs.SUITES)}) or a path that exists: {entry}"
            )
    if not releases:
        return [Recipe(folder_name, folder, tuple(paths), wheels, base, None)]
    return [
        Recipe(
            folder_name if len(releases) == 1 else f"{folder_name}-debian{release}",
            folder,
            tuple(paths),
            wheels,
            None,
            release,
        )
        for release in releases
    ]


def read_all(root: Path) -> dict[str, Recipe]:
    """All images of the repository by name.

    Raises:
        RecipeError: as ``read``.
    """
    folders = sorted(path.parent.name for path in (root / "images").glob("*/Dockerfile"))
    return {recipe.name: recipe for folder in folders for recipe in read(root, folder)}


def in_order(root: Path, wanted: list[str]) -> list[list[Recipe]]:
    """The wanted images and those they build on, as waves: every image stands in a later wave than its base.

    ``wanted`` names images, or folders for all images they make.

    Raises:
        RecipeError: there is no such image, images build on each other in a circle, or as ``read``.
    """
    known = read_all(root)
    depth: dict[str, int] = {}

    def visit(name: str, seen: tuple[str, ...]) -> int:
        if name in seen:
            raise RecipeError(f"images build on each other in a circle: {' -> '.join((*seen, name))}")
        if name not in known:
            raise RecipeError(f"no image {name!r}: known are {', '.join(sorted(known))}")
        if name not in depth:
            base = known[name].base
            depth[name] = 0 if base is None else visit(base, (*seen, name)) + 1
        return depth[name]

    for name in wanted:
        for image in [each.name for each in known.values() if each.folder.name == name] or [name]:
            visit(image, ())
    waves: list[list[Recipe]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in sorted(depth):
        waves[depth[name]].append(known[name])
    return waves


def files(path: Path) -> Iterator[Path]:
    """Every regular file in ``path`` (a file or folder), sorted, without caches; a link to a folder is that folder."""
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()):
        if child.name not in SKIPPED and not child.name.endswith(".egg-info"):
            yield from files(child)


def digest_of_files(root: Path, paths: list[Path]) -> str:
    """SHA-256 (hex) over name, executable bit and content of all files in ``paths``, which lie below ``root``."""
    total = hashlib.sha256()
    for path in paths:
        for file in files(path):
            content = file.read_bytes()
            executable = bool(file.stat().st_mode & 0o100)
            total.update(f"{file.relative_to(root)}\0{executable}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()
