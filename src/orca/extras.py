# SPDX-License-Identifier: Apache-2.0
"""What to install when a library is missing: server, command line and agent each have an extra of their own."""

from __future__ import annotations


def cure(program: str, extra: str, error: ModuleNotFoundError) -> str:
    """The message for a person who called ``program`` without its extra. Raises ``error`` again if our own module
    is missing.
    """
    if error.name is None or error.name.partition(".")[0] == "orca":
        raise error
    return f"{program} needs {error.name}: pip install 'orca-platform[{extra}]'"
