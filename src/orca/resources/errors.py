# SPDX-License-Identifier: Apache-2.0
"""The refusals of requests. Source of codes: the v1 API's error table."""

from __future__ import annotations

from orca.resources.spoken import a


class Refused(Exception):
    """A request that cannot be honoured, in the words of the v1 API.

    ``status`` is the HTTP status, ``code`` the machine-readable reason (``NotUnique``), ``field`` the API field it is
    about, ``message`` one sentence for people.
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        field: str | None = None,
        status: int = 422,
        detail: str | None = None,
    ) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message or code
        self.field = field
        self.status = status
        self.detail = detail
        self.more: dict[str, object] = {}
        """Further fields of the answer, by name."""
        self.retry_after: int | None = None
        """Seconds after which the client may try again."""


class ActionNotAvailable(Refused):
    """The action exists, but not in the resource's present state."""

    def __init__(self, type: str, action: str, state: str | None) -> None:
        super().__init__("ActionNotAvailable", f"{action} is not available for {a(type)} that is {state}")
        self.action = action
        self.state = state
