# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between a person and the server, and the exit code of each."""

from __future__ import annotations


class CommandError(Exception):
    """An expected failure: its text is for the person at the terminal."""

    exit_code = 1


class UnreachableError(CommandError):
    """No server configured, no answer, a certificate that is not trusted, or a key that is refused."""

    exit_code = 3


class DeadlineError(CommandError):
    """What was asked for goes on, but did not end within the given time."""

    exit_code = 4


class ApiError(CommandError):
    """The server refused: the fields of its error document."""

    def __init__(
        self, request: str, status: int, code: str, message: str | None, field: str | None, detail: str | None
    ) -> None:
        self.status, self.code, self.field = status, code, field
        reason = message if message and message != code else None
        text = f"{request}: {status} {code}"
        if field:
            text += f" (field {field})"
        for part in (reason, detail):
            if part:
                text += f": {part}"
        super().__init__(text)
