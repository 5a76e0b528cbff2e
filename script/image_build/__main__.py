# SPDX-License-Identifier: Apache-2.0
"""``script/images [NAME...]``: build what has changed and write ``.cache/images.json`` (name -> {tag, id})."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from image_build import engine, recipe, rootfs, wheels

PARALLEL_BUILDS = 2


class Builder:
    """Builds images of one checkout; everything it keeps lies in ``ROOT/.cache``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cache = root / ".cache"
        self.work = self.cache / "image-build"
        self.work.mkdir(parents=True, exist_ok=True)
        self.tags: dict[str, str] = {}
        self.built: dict[str, dict[str, str]] = {}

    def build_all(self, names: list[str]) -> None:
        """Build the named images and those they stand on, bases first, and record them.

        Raises:
            engine.BuildError, recipe.RecipeError, subprocess.CalledProcessError: what could not be built, in words.
        """
        for wave in recipe.in_order(self.root, names):
            with ThreadPoolExecutor(PARALLEL_BUILDS) as pool:
                for name, entry in pool.map(self.build, wave):
                    self.built[name] = entry
                    self.tags[name] = entry["tag"]
        self._record()

    def build(self, wanted: recipe.Recipe) -> tuple[str, dict[str, str]]:
        """Build one image whose base is built, unless the engine has it; gives its name and its entry."""
        started = time.monotonic()
        with self._locked(wanted.name):
            base = self._below(wanted)
            tag = f"orca/{wanted.name}:{self._digest(wanted, base)[:12]}"
            image = engine.image_id(tag)
            verdict = "unchanged"
            if image is None:
                print(f"  {tag}  building ...", flush=True)
                self._build(wanted, tag, base)
                image = engine.image_id(tag)
                assert image is not None
                verdict = "built"
            if wanted.wheels:
                link = self.cache / f"wheelhouse-{wanted.wheels}.tar"
                wheels.archive(self.root, self.cache / "wheels", wanted.wheels, link)
        print(f"  {tag}  {verdict}  {time.monotonic() - started:.1f} s", flush=True)
        return wanted.name, {"tag": tag, "id": image}

    def _below(self, wanted: recipe.Recipe) -> str:
        """The image that ``wanted`` stands on, which is there."""
        if wanted.base:
            return self.tags[wanted.base]
        assert wanted.debian is not None
        with self._locked(f"debian{wanted.debian}"):
            return rootfs.ensure(self.cache, wanted.debian)

    def _digest(self, wanted: recipe.Recipe, base: str) -> str:
        total = hashlib.sha256()
        total.update(base.encode())
        total.update(recipe.digest_of_files(wanted.folder, [wanted.folder]).encode())
        total.update(recipe.digest_of_files(self.root, [self.root / path for path in wanted.paths]).encode())
        if wanted.wheels:
            total.update(wheels.digest(self.root, wanted.wheels).encode())
        return total.hexdigest()

    def _build(self, wanted: recipe.Recipe, tag: str, base: str) -> None:
        with tempfile.TemporaryDirectory(dir=self.work, prefix=f"{wanted.name}-") as name:
            context = Path(name)
            _copy(wanted.folder, wanted.folder, context)
            for path in wanted.paths:
                _copy(self.root, self.root / path, context)
            if wanted.wheels:
                wheels.provide(self.root, self.cache / "wheels", wanted.wheels, context / "wheelhouse")
            engine.build(context, tag, base, self.work / f"{wanted.name}.log")

    def _record(self) -> None:
        """Merge what was built into images.json: a run for some images leaves the others' entries in place."""
        path = self.cache / "images.json"
        with self._locked("images.json"):
            known = json.loads(path.read_text()) if path.exists() else {}
            existing = recipe.read_all(self.root).keys()
            merged = {name: entry for name, entry in (known | self.built).items() if name in existing}
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(merged, indent=2, sort_keys=True) + "\n")
            partial.rename(path)

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Two runs at once build each image once."""
        with (self.work / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _copy(root: Path, source: Path, context: Path) -> None:
    for file in recipe.files(source):
        target = context / file.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target)


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/images", description="Build container images whose inputs changed.")
    parser.add_argument("--root", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="images, or folders below images/ (all of them by default)"
    )
    arguments = parser.parse_args()
    os.umask(0o022)
    started = time.monotonic()
    try:
        Builder(arguments.root).build_all(arguments.names or list(recipe.read_all(arguments.root)))
    except (engine.BuildError, recipe.RecipeError, subprocess.CalledProcessError) as error:
        print(f"script/images: {error}", file=sys.stderr)
        return 1
    print(f"  images: {time.monotonic() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
