# SPDX-License-Identifier: Apache-2.0
"""The exit codes of ``orca`` and their meaning."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """An exit code, with its meaning for the caller of ``orca``."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> ExitCode:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done"
    FAILED = 1, "it failed; the reason is on standard error"
    USAGE = 2, "wrong usage"
    UNREACHABLE = 3, "the server cannot be reached, is not the one to trust, or refuses the key"
    DEADLINE = 4, "it was not done in time; it goes on"
    NOT_FOUND = 5, "there is no such thing"
    NOT_RUN = (
        125,
        "`orca exec` could not run the command, or lost the connection; else it ends with the command's own status",
    )
    INTERRUPTED = 130, "interrupted"


def epilog() -> str:
    """The list of exit codes for ``orca --help``."""
    return "Exit codes: " + "; ".join(f"{code.value} {code.meaning}" for code in ExitCode) + "."
