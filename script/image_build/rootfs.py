# SPDX-License-Identifier: Apache-2.0
"""The Debian file system at the bottom of every image: pulled from a registry, else bootstrapped from packages."""

from __future__ import annotations

import os
import select
import subprocess
from pathlib import Path

from image_build import engine

SUITE = "bookworm"
PUBLIC_IMAGE = f"debian:{SUITE}-slim"
LOCAL_IMAGE = f"orca/debian:{SUITE}"
ANSWER_SECONDS = 5.0
PULL_SECONDS = 120.0


def ensure(cache: Path) -> str:
    """The name of a Debian image the engine has, made when missing.

    Raises:
        subprocess.CalledProcessError: neither the pull nor mmdebstrap worked; mmdebstrap's own words are on stderr.
    """
    for image in (PUBLIC_IMAGE, LOCAL_IMAGE):
        if engine.image_id(image):
            return image
    if _pull(PUBLIC_IMAGE):
        return PUBLIC_IMAGE
    archive = cache / f"debian-{SUITE}.tar"
    if not archive.exists():
        print(f"  no registry gives {PUBLIC_IMAGE}: bootstrapping Debian {SUITE} with mmdebstrap", flush=True)
        partial = archive.with_suffix(".partial.tar")
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", SUITE, str(partial)], check=True
        )
        partial.rename(archive)
    engine.docker("import", "--change", 'CMD ["bash"]', str(archive), LOCAL_IMAGE)
    return LOCAL_IMAGE


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
