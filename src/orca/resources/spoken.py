# SPDX-License-Identifier: Apache-2.0
"""What messages call a resource type. The v1 API calls a stack an environment, as others call variables."""

from __future__ import annotations

_SPOKEN = {"environment": "stack"}


def spoken(type: str) -> str:
    """The word for a type: ``stack`` for ``environment``."""
    return _SPOKEN.get(type, type)


def a(type: str) -> str:
    """The word with its article: ``an account``, ``a stack``."""
    word = spoken(type)
    return f"{'an' if word[0] in 'aeiou' and not word.startswith('user') else 'a'} {word}"
