# SPDX-License-Identifier: Apache-2.0
"""Which events a subscriber requested: ``eventNames`` with ``*`` for anything, and qualifiers behind ``;``."""

from __future__ import annotations

import re
from collections.abc import Collection

from orca.api.requests.ask import Ask
from orca.resources.errors import Refused

MOST = 256
FORM = re.compile(r"[*._0-9a-zA-Z;=]{1,255}")
"""The limit in the schema of ``subscribe``."""


def asked(ask: Ask) -> tuple[str, ...]:
    """The names in the query or the body. Raises ``Refused``."""
    names: list[object] = [value for key, value in ask.query if key == "eventNames"]
    if ask.method == "POST":
        given = ask.json().get("eventNames")
        names += given if isinstance(given, list) else [] if given is None else [given]
    if len(names) > MOST:
        raise Refused("MaxLengthExceeded", f"at most {MOST} names", field="eventNames")
    found = []
    for name in names:
        if not isinstance(name, str) or not FORM.fullmatch(name):
            raise Refused("InvalidCharacters", "an event's name has letters, digits and . _ * ; =", field="eventNames")
        found.append(name)
    return tuple(found)


class Wanted:
    """Decides by name. Without any name every change of a resource is wanted."""

    def __init__(self, names: Collection[str], account: str | None) -> None:
        """``account``: the subscriber hears only events of this account; None: it hears events by their full names.

        With an account, the subscriber may name it or not; its events are named without it.
        """
        self.raw = account is None
        suffix = "" if account is None else f";account={account}"
        plain = {name.removesuffix(suffix) for name in names}
        self._exact = frozenset(name for name in plain if "*" not in name) or frozenset(
            {"resource.change"} if not plain else ()
        )
        self._patterns = [re.compile(".*".join(map(re.escape, name.split("*")))) for name in plain if "*" in name]

    def __call__(self, name: str) -> bool:
        """True if an event of that name is wanted."""
        if name in self._exact:
            return True
        return any(pattern.fullmatch(name) for pattern in self._patterns)
