# SPDX-License-Identifier: Apache-2.0
"""Metadata of a project, on its way to hosts where somebody asks for it (docs/architecture/wire.md, "Metadata")."""

from typing import Any

import msgspec

from .commands import Message


class MetadataAsked(Message):
    """Data of ``metadata.asked``: a container asks for what its host only knows while somebody asks.

    ``reached``: up to which point the host has the changes, 0 for nothing.
    """

    reached: int = 0


class MetadataUpdate(Message):
    """Data of ``metadata.update``: changes from point ``base`` to ``reached``, objects by key; null is gone.

    ``base`` 0: these replace everything. ``complete``: no more follow for now.
    """

    base: int
    reached: int
    complete: bool
    objects: dict[str, dict[str, Any] | None] = msgspec.field(default_factory=dict)
