# SPDX-License-Identifier: Apache-2.0
"""What to install when a library is missing: server, command line and agent each have an extra of their own."""

from __future__ import annotations


def cure(program: str, extra: str, error: ModuleNotFoundError) -> str:
    """What the person who called ``program`` is told. Raises ``error`` again when a module of ours is what lacks."""
    if error.name is None or error.name.partition(".")[0] == "orca":
        raise error
    return f"{program} needs {error.name}: pip install 'orca-platform[{extra}]'"
