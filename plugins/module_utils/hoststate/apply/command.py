# SPDX-License-Identifier: Apache-2.0
"""Programs of the host, run without a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Optional, Sequence

from .errors import HostStateError

# Modules and agents may start with a PATH that lacks the directories of network tools.
_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def find(program: str) -> Optional[str]:
    """Absolute path of ``program``, ``None`` when the host does not have it."""
    return shutil.which(program, path=_PATH)


def run(argv: Sequence[str], stdin: str = "", timeout: float = 30.0) -> str:
    """Run ``argv`` and return its standard output.

    :raises HostStateError: not installed, not ended in ``timeout`` seconds, or a non-zero exit (with its message).
    """
    program = find(argv[0])
    if program is None:
        raise HostStateError("{0} is not installed on this host".format(argv[0]))
    try:
        done = subprocess.run(  # noqa: S603 - argv without a shell
            [program] + list(argv[1:]),
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise HostStateError("{0}: no end after {1:g} s".format(" ".join(argv), timeout)) from error
    if done.returncode != 0:
        raise HostStateError(
            "{0}: {1}".format(" ".join(argv), done.stderr.strip() or "exit code {0}".format(done.returncode))
        )
    return done.stdout
