# SPDX-License-Identifier: Apache-2.0
"""The few calls to the control node's container engine, through its command line and the classic builder.

The classic builder, because buildx is an add-on that Debian's docker.io does not bring.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class BuildError(Exception):
    """A build that ended in an error; the text holds the end of its log."""


def docker(*arguments: str) -> str:
    """Run ``docker ARGUMENTS`` and give its standard output.

    Raises:
        BuildError: the engine refused; the text is the engine's.
    """
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"docker {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def image_id(image: str) -> str | None:
    """The id (``sha256:…``) of an image the engine has, else None."""
    done = subprocess.run(
        ["docker", "image", "inspect", "--format", "{{.Id}}", image], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return done.stdout.strip()
    if "No such image" in done.stderr:
        return None
    raise BuildError(done.stderr.strip())


def build(context: Path, tag: str, base: str, log: Path) -> None:
    """Build ``context`` on ``base`` as ``tag``; everything the builder says goes to ``log``.

    The build uses the host's network: package archives are reached the way the control node reaches them.

    Raises:
        BuildError: with the last lines of the log.
    """
    command = ["docker", "build", "--network", "host", "--force-rm", "--build-arg", f"BASE={base}", "--tag", tag]
    with log.open("w") as out:
        done = subprocess.run(
            [*command, str(context)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | {"DOCKER_BUILDKIT": "0"},
            check=False,
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise BuildError(f"{tail}\n(all of it: {log})")
