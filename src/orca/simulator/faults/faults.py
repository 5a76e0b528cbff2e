# SPDX-License-Identifier: Apache-2.0
"""What may go wrong with one command, and with the container that it starts."""

from __future__ import annotations

import msgspec


class Faults(msgspec.Struct, frozen=True):
    """The faults of one command; times are in milliseconds."""

    refused: bool = False
    """The command is answered with an error."""
    missing: bool = False
    """No registry has the image."""
    hangs: bool = False
    """The pull of the image never ends."""
    pull: int = 0
    """How long the pull of the image takes."""
    ends_after: int | None = None
    """How long the container runs before it ends by itself; None: it goes on."""
    exit_code: int = 0
    """The exit code with which the container ends then."""
    fails_after: int | None = None
    """How long after its start the container begins to fail its checks; None: it stays well."""
    vanishes: bool = False
    """The container disappears as soon as the command has started it."""
    another: str | None = None
    """The external id of a container that somebody starts by hand at that moment."""
    silences: bool = False
    """The agent falls silent at that moment, before it answers."""


NONE = Faults()
