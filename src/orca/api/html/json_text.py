# SPDX-License-Identifier: Apache-2.0
"""JSON as HTML: escaped, coloured, and with the server's own URLs as links."""

from __future__ import annotations

import json
from typing import Any

from markupsafe import Markup, escape

INDENT = "  "


def marked_up(value: Any, origin: str, level: int = 0) -> Markup:
    """A JSON value for a ``<pre>``. Only URLs of this server become links; other URLs are user text."""
    inner, outer = "\n" + INDENT * (level + 1), "\n" + INDENT * level
    if isinstance(value, dict):
        if not value:
            return Markup("{}")
        items = [
            Markup('<span class="k">{}</span>: {}').format(quoted(key), marked_up(item, origin, level + 1))
            for key, item in value.items()
        ]
        return Markup("{{{}{}{}}}").format(inner, escape(f",{inner}").join(items), outer)
    if isinstance(value, list):
        if not value:
            return Markup("[]")
        parts = [marked_up(item, origin, level + 1) for item in value]
        return Markup("[{}{}{}]").format(inner, escape(f",{inner}").join(parts), outer)
    if isinstance(value, str):
        if own(value, origin):
            return Markup('<a class="s" href="{}">{}</a>').format(value, quoted(value))
        return Markup('<span class="s">{}</span>').format(quoted(value))
    return Markup('<span class="n">{}</span>').format(json.dumps(value))


def own(text: str, origin: str) -> bool:
    """True if a text is a URL of this server."""
    return text.startswith(f"{origin}/")


def quoted(text: str) -> Markup:
    """A JSON string, escaped."""
    return escape(json.dumps(text, ensure_ascii=False))
