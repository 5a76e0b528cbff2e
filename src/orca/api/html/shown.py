# SPDX-License-Identifier: Apache-2.0
"""What a page shows besides the answer: the form that was sent, and the same request for a terminal."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from orca.api.answers.page import own_url
from orca.api.requests.ask import SAFE, Ask
from orca.resources.errors import Refused


@dataclass(kw_only=True)
class Shown:
    """What a page shows besides the answer: the form that was sent, and what came of it.

    ``form``: its name, as ``create:container``, ``update``, ``remove`` or ``action:start``; ``request``: the
    same as a command.
    """

    form: str = ""
    typed: dict[str, str] = field(default_factory=dict)
    error: Refused | None = None
    request: str = ""
    done: str = ""


def command(ask: Ask, body: dict[str, Any] | None = None) -> str:
    """The request for a terminal."""
    query = replace(ask, query=[(key, value) for key, value in ask.query if key != "_method"])
    words = ["curl", "-u", '"$ORCA_ACCESS_KEY:$ORCA_SECRET_KEY"']
    if ask.method not in SAFE:
        words += ["-X", ask.method]
    words.append(shlex.quote(own_url(query)))
    if body:
        words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(msgspec.json.encode(body).decode())]
    return " ".join(words)
