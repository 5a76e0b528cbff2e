# SPDX-License-Identifier: Apache-2.0
"""A wheelhouse: this project and what one of its extras needs, as wheels for the Python of a Debian release.

``wheelhouse/dependencies/`` changes seldom, ``wheelhouse/project/`` with every commit: a Dockerfile installs them in
two steps and the first stays in the builder's cache.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from image_build import recipe


class Target(NamedTuple):
    """What wheels must fit: the version of Python, and the newest minor version of glibc 2."""

    python: str
    glibc_minor: int


TARGETS = {"12": Target("3.11", 36), "13": Target("3.13", 41)}  # by Debian release, see rootfs.SUITES
IMAGES = TARGETS["13"]  # images with wheels stand on `base`
PROJECT_PATHS = ("pyproject.toml", "README.md", "LICENSES", "src", "plugins/module_utils/hoststate")


def requirements(root: Path, extra: str) -> list[str]:
    """The requirements of the project with one extra, references to its own extras resolved, sorted.

    Raises:
        recipe.RecipeError: the project has no such extra.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {})
    if extra not in extras:
        raise recipe.RecipeError(f"pyproject.toml has no extra {extra!r} (wheels: {extra})")
    own = re.compile(rf"^{re.escape(project['name'])}\[([^\]]+)\]$")
    found: set[str] = set(project.get("dependencies", []))
    waiting, seen = [extra], set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for requirement in extras[name]:
            reference = own.match(requirement.replace(" ", ""))
            if reference:
                waiting += [other for other in reference[1].split(",") if other not in seen]
            else:
                found.add(requirement)
    return sorted(found)


def project_digest(root: Path) -> str:
    """SHA-256 (hex) of everything the project's own wheel is built from."""
    return recipe.digest_of_files(root, [root / path for path in PROJECT_PATHS])


def digest(root: Path, extra: str) -> str:
    """What stands for the wheelhouse of ``extra`` in an image's hash."""
    return f"{IMAGES.python} {requirements(root, extra)} {project_digest(root)}"


def provide(root: Path, cache: Path, extra: str, folder: Path, target: Target = IMAGES) -> None:
    """Fill ``folder`` with ``dependencies/`` and ``project/``, from the cache where it has them.

    Raises:
        subprocess.CalledProcessError: pip failed; its own words are on stderr.
    """
    wanted = requirements(root, extra)
    key = hashlib.sha256(f"{target.python} {platform.machine()} {wanted}".encode()).hexdigest()[:12]
    dependencies = _cached(cache / f"dependencies-{key}", lambda into: _download(wanted, target, into))
    project = _cached(cache / f"project-{project_digest(root)[:12]}", lambda into: _build_project(root, into))
    shutil.copytree(dependencies, folder / "dependencies", copy_function=os.link)
    shutil.copytree(project, folder / "project", copy_function=os.link)


def archive(root: Path, cache: Path, extra: str, link: Path) -> None:
    """Make ``link`` point at a tar archive of the wheelhouse, for roles that install it on a machine of any release.

    The archive's bytes depend on the wheels alone, so that its checksum tells whether there is something to install.
    """
    content = f"{[target.python for target in TARGETS.values()]} {digest(root, extra)}"
    target = cache / f"{extra}-{hashlib.sha256(content.encode()).hexdigest()[:12]}.tar"
    if not target.exists():
        # The engine may have the image already while this checkout has no cache yet.
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            for release, fits in TARGETS.items():
                provide(root, cache, extra, Path(name) / release, fits)
            # Most wheels fit every Python, and are taken once.
            wheels = {wheel.name: wheel for wheel in Path(name).glob("*/*/*.whl")}
            partial = Path(name) / target.name
            with tarfile.open(partial, "w") as tar:
                for wheel_name in sorted(wheels):
                    tar.add(wheels[wheel_name], wheel_name, filter=_anonymous)
            partial.rename(target)
    partial_link = cache / f".{link.name}"
    partial_link.unlink(missing_ok=True)
    partial_link.symlink_to(target)
    partial_link.rename(link)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A member without its times and owners: a rebuilt wheel with the same content gives the same archive."""
    member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode = 0, 0, 0, "", "", 0o644
    return member


def _cached(folder: Path, fill: Callable[[Path], None]) -> Path:
    """``folder``, filled by ``fill(temporary folder)`` when it does not exist yet; never seen half filled."""
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
        fill(temporary)
        try:
            temporary.rename(folder)
        except OSError:
            # Another image needed the same wheels at the same time and was first.
            if not folder.exists():
                raise
            shutil.rmtree(temporary)
    return folder


def _download(wanted: list[str], target: Target, into: Path) -> None:
    """Download wheels for ``target``, whatever Python the control node has."""
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(target.glibc_minor, 4, -1)]
    platforms += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]
    fits = [argument for name in platforms for argument in ("--platform", name)]
    fits += ["--python-version", target.python, "--implementation", "cp", "--only-binary=:all:"]
    _pip("download", "--dest", str(into), *fits, *wanted)


def _build_project(root: Path, into: Path) -> None:
    """Build the project's wheel with the back-end installed beside this interpreter, so nothing is downloaded."""
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(into), str(root))


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "-qq", *arguments], check=True)
