# SPDX-License-Identifier: Apache-2.0
"""The Debian file systems at the bottom of all images: pulled from a registry, else bootstrapped from packages."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

from image_build import engine

SUITES = {"12": "bookworm", "13": "trixie"}
ANSWER_SECONDS = 5.0
PULL_SECONDS = 120.0


def ensure(cache: Path, release: str) -> str:
    """The name of an image of Debian ``release`` (a key of SUITES) that the engine has, made when missing.

    Raises:
        subprocess.CalledProcessError: neither the pull nor mmdebstrap worked; mmdebstrap's own words are on stderr.
    """
    suite = SUITES[release]
    public, local = f"debian:{suite}-slim", f"orca/debian:{suite}"
    for image in (public, local):
        if engine.image_id(image):
            return image
    if _pull(public):
        return public
    archive = cache / f"debian-{suite}.tar"
    if not archive.exists():
        print(f"  no registry gives {public}: bootstrapping Debian {release} with mmdebstrap", flush=True)
        partial = archive.with_suffix(".partial.tar")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", suite, str(partial)], check=True
        )
        partial.rename(archive)
    engine.docker("import", "--change", 'CMD ["bash"]', str(archive), local)
    return local


def _pull(image: str) -> bool:
    """Pull ``image``; False when no registry began to answer within ANSWER_SECONDS or the pull failed.

    The first line of ``docker pull`` comes once the registry has answered, so a line that drops packets costs
    seconds and not the engine's own minutes.
    """
    with subprocess.Popen(
        ["docker", "pull", image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"}
    ) as pull:
        assert pull.stdout is not None
        answered, _, _ = select.select([pull.stdout], [], [], ANSWER_SECONDS)
        if not answered:
            pull.kill()
            return False
        try:
            pull.communicate(timeout=PULL_SECONDS)
        except subprocess.TimeoutExpired:
            pull.kill()
            return False
        return pull.returncode == 0
