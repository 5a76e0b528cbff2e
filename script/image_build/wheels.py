# SPDX-License-Identifier: Apache-2.0
"""A wheelhouse: this project and what one of its extras needs, as wheels for the Python of the images.

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

from image_build import recipe

PYTHON = "3.11"  # of Debian bookworm, see rootfs.SUITE
NEWEST_GLIBC_MINOR = 36  # 2.36, the same
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
    return f"{PYTHON} {requirements(root, extra)} {project_digest(root)}"


def provide(root: Path, cache: Path, extra: str, target: Path) -> None:
    """Fill ``target`` with ``dependencies/`` and ``project/``, from the cache where it has them.

    Raises:
        subprocess.CalledProcessError: pip failed; its own words are on stderr.
    """
    wanted = requirements(root, extra)
    key = hashlib.sha256(f"{PYTHON} {platform.machine()} {wanted}".encode()).hexdigest()[:12]
    dependencies = _cached(cache / f"dependencies-{key}", lambda into: _download(wanted, into))
    project = _cached(cache / f"project-{project_digest(root)[:12]}", lambda into: _build_project(root, into))
    shutil.copytree(dependencies, target / "dependencies", copy_function=os.link)
    shutil.copytree(project, target / "project", copy_function=os.link)


def archive(root: Path, cache: Path, extra: str, link: Path) -> None:
    """Make ``link`` point at a tar archive of the wheelhouse, for roles that install it on a machine.

    The archive's bytes depend on the wheels alone, so that its checksum tells whether there is something to install.
    """
    target = cache / f"{extra}-{hashlib.sha256(digest(root, extra).encode()).hexdigest()[:12]}.tar"
    if not target.exists():
        # The engine may have the image already while this checkout has no cache yet.
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as name:
            provide(root, cache, extra, Path(name) / "wheelhouse")
            partial = Path(name) / target.name
            with tarfile.open(partial, "w") as tar:
                for wheel in sorted(Path(name).glob("wheelhouse/*/*.whl")):
                    tar.add(wheel, wheel.name, filter=_anonymous)
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


def _download(wanted: list[str], into: Path) -> None:
    """Download wheels for the images' Python, whatever Python the control node has."""
    machine = platform.machine()
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC_MINOR, 4, -1)]
    platforms += [f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]
    target = [argument for name in platforms for argument in ("--platform", name)]
    target += ["--python-version", PYTHON, "--implementation", "cp", "--only-binary=:all:"]
    _pip("download", "--dest", str(into), *target, *wanted)


def _build_project(root: Path, into: Path) -> None:
    """Build the project's wheel with the back-end installed beside this interpreter, so nothing is downloaded."""
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(into), str(root))


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "-qq", *arguments], check=True)
