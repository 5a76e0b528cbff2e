# SPDX-License-Identifier: Apache-2.0
"""Errors of the executor. Each message names what was attempted and the obstacle."""

from __future__ import annotations


class HostStateError(Exception):
    """The wanted state could not be reached; the message is for people."""


class OwnedByOther(HostStateError):
    """Another driver owns this kind of state on this host."""

    def __init__(self, kind: str, owner: str, version: int) -> None:
        super().__init__(
            "{0} state of this host is owned by {1} (version {2}); pass `takeover: true` to take it over".format(
                kind, owner, version
            )
        )
        self.kind, self.owner, self.version = kind, owner, version
