# SPDX-License-Identifier: Apache-2.0
"""Pages of a collection, and the URLs that lead to them. Source: docs/v1.md, section 3."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

from orca.api.answers.representation import SAFE_IN_IDS
from orca.api.requests import query
from orca.api.requests.ask import Ask
from orca.resources.validation import whole_number

DEFAULT_LIMIT = 100
MAX_LIMIT = {"v1": 1000, "v2": 3000}
"""Most rows of a page, by version."""
MAX_OFFSET = 2**31


def own_url(ask: Ask, **replace: str | None) -> str:
    """The URL of the request, with query parameters replaced (None: removed)."""
    query = [(key, value) for key, value in ask.query if key not in replace]
    query += [(key, value) for key, value in replace.items() if value is not None]
    path = "/".join(quote(part.lower(), safe=SAFE_IN_IDS) for part in ask.path)
    url = f"{ask.base}/{path}" if path else ask.base
    return f"{url}?{urlencode(query)}" if query else url


def page(ask: Ask, default: int = DEFAULT_LIMIT) -> tuple[int, int]:
    """Rows per page (``default``: where the caller does not say) and how many to skip."""
    text = ask.first("limit") or ""
    limit = whole_number(text)
    if limit is None:
        limit = default
    marker = re.fullmatch(query.MARKER, ask.first("marker") or "")
    offset = int(marker.group(1)) if marker else 0
    most = MAX_LIMIT[ask.version]
    return (min(limit, most) if limit > 0 else most), min(offset, MAX_OFFSET)


def pagination(ask: Ask, limit: int, offset: int, more: bool) -> dict[str, Any]:
    """Where the next page is."""
    return {
        "first": None,
        "previous": None,
        "next": own_url(ask, marker=f"m{offset + limit}") if more else None,
        "limit": limit,
        "total": None,
        "partial": more,
    }
