# SPDX-License-Identifier: Apache-2.0
"""What a host and its containers use, asked for once: ``host.measure`` and its reply (docs/architecture/wire.md)."""

from typing import Annotated

import msgspec

from .commands import Message

Number = Annotated[int, msgspec.Meta(ge=0)]


class Usage(Message):
    """What a host or a container uses. Times are nanoseconds, sizes bytes.

    ``memory`` and ``memory_limit`` are as of now; everything else counts upwards since the host or the container began.
    """

    cpu: Number = 0
    memory: Number = 0
    memory_limit: Number = 0
    received: Number = 0
    sent: Number = 0
    read: Number = 0
    written: Number = 0


class Measure(Message):
    """Data of ``host.measure``; ``containers`` are Docker's ids."""

    containers: list[str] = msgspec.field(default_factory=list)


class Measured(Message):
    """Reply to ``host.measure``; containers that do not run, or whose figures did not come in time, are left out."""

    host: Usage
    containers: dict[str, Usage] = msgspec.field(default_factory=dict)
