# SPDX-License-Identifier: Apache-2.0
"""The Docker Engine API without I/O: requests as bytes, answers from bytes.

Reference: https://docs.docker.com/reference/api/engine/

Two shells do the I/O: ``apply.docker`` blocks, ``orca.agent.engine`` does not. One connection serves one request.
"""

from __future__ import annotations

from . import calls
from .exchange import HEAD_END, Call, Head, ProtocolError, encode, message, parse_head, whole
from .frames import HEADER as FRAME_HEADER
from .frames import split
from .versions import Negotiation, TooOld

__all__ = [
    "FRAME_HEADER",
    "HEAD_END",
    "Call",
    "Head",
    "Negotiation",
    "ProtocolError",
    "TooOld",
    "calls",
    "encode",
    "message",
    "parse_head",
    "split",
    "whole",
]
