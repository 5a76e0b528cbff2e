# SPDX-License-Identifier: Apache-2.0
"""Multiplexed output: stdout and stderr of a container or command without a terminal, in one stream.

Source: Docker Engine API, "Attach to a container", stream format: a header of eight bytes (1 stdout or 2 stderr, three
zeros, the size in big endian), then as many bytes.
"""

from __future__ import annotations

import struct
from typing import Dict, List, Tuple

HEADER = struct.Struct(">BxxxI")


def split(stream: bytes) -> Tuple[str, str]:
    """Return stdout and stderr of a stream that has ended."""
    parts: Dict[int, List[bytes]] = {1: [], 2: []}
    position = 0
    while position + HEADER.size <= len(stream):
        channel, length = HEADER.unpack_from(stream, position)
        position += HEADER.size
        parts.setdefault(channel, []).append(stream[position : position + length])
        position += length
    return (b"".join(parts[1]).decode("utf-8", "replace"), b"".join(parts[2]).decode("utf-8", "replace"))
