# SPDX-License-Identifier: Apache-2.0
"""Short texts that stand for texts of any length, so that every database can have them in an index."""

from __future__ import annotations

import hashlib

LENGTH = 40


def digest(text: str) -> str:
    """The digest of a text: 40 characters."""
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def fold(text: str) -> str:
    """The digest of a text without regard to case."""
    return digest(text.lower())
