# SPDX-License-Identifier: Apache-2.0
"""Errors of commands, each with its exit code."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from orca.cli.exit_codes import ExitCode


class CommandError(Exception):
    """An expected failure; its text is for the person at the terminal."""

    exit_code = ExitCode.FAILED


class UnreachableError(CommandError):
    """No server configured, no answer, a certificate that is not trusted, or a key that is refused."""

    exit_code = ExitCode.UNREACHABLE


class NoAnswerError(UnreachableError):
    """Nothing answers at the server's address, as while the server is restarted."""


class DeadlineError(CommandError):
    """The operation goes on, but did not end within the given time."""

    exit_code = ExitCode.DEADLINE


class NotFoundError(CommandError):
    """The named resource does not exist, or not for this key in this project."""

    exit_code = ExitCode.NOT_FOUND

    @classmethod
    def of(cls, what: str, wanted: str, known: Iterable[str], where: str = "") -> NotFoundError:
        """Make the error for a name, with similar names if there are any."""
        near = difflib.get_close_matches(wanted, sorted(set(known)), n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return cls(f"there is no {what} {wanted}{where}{hint}")


class ApiError(CommandError):
    """The server refused; holds the fields of its error document."""

    def __init__(
        self, request: str, status: int, code: str, message: str | None, field: str | None, detail: str | None
    ) -> None:
        self.status, self.code, self.field = status, code, field
        if status == 404:
            self.exit_code = NotFoundError.exit_code
        reason = message if message and message != code else None
        text = f"{request}: {status} {code}"
        if field:
            text += f" (field {field})"
        for part in (reason, detail):
            if part:
                text += f": {part}"
        super().__init__(text)
