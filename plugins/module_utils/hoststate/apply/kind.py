# SPDX-License-Identifier: Apache-2.0
"""One kind of host state as one object: what it is made from, how a host gets it, what it has on the host."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple

from ..plan.items import Family
from . import files
from .host import Host
from .result import Result

#: What a host is to have of one kind, complete in itself; the modules of ``plan`` say the form of each.
Description = Mapping[str, Any]

#: True if applying this description would change the host. The flag: ask Docker too, which costs a request.
Look = Callable[[Description, bool], bool]


class Path(NamedTuple):
    """A directory below the host's root; with ``text`` a file, made where there is none and not touched after."""

    name: str
    mode: int = 0o755
    text: Optional[str] = None

    def ensure(self, root: str, result: Result, check: bool) -> None:
        """Make it so, and record what was done."""
        path = os.path.join(root, self.name) if self.name else root
        if self.text is None:
            files.ensure_directory(path, self.mode, result, check)
        elif not os.path.exists(path):
            files.ensure(path, self.text, result, check, self.mode)


class Kind(NamedTuple):
    """All that differs between kinds. Its owner file and its stored items are named after it."""

    name: str
    #: Of config items that this kind is made from.
    families: Tuple[Family, ...]
    #: From config items (name -> description), of other kinds among them, to what is wanted; ``None``: nothing.
    describe: Callable[[Mapping[str, Mapping[str, Any]]], Optional[Dict[str, Any]]]
    #: Brings a host to a description (``None``: without this kind), recording what it does; only records if told so.
    apply: Callable[[Host, Optional[Description], Result, bool], None]
    #: Makes the look for drift at one host, which may remember what was right the last time.
    drift: Callable[[Host], Look]
    #: What must exist below the host's root before the containers of kind ``network`` start.
    paths: Tuple[Path, ...] = ()

    def takes(self, item: str) -> bool:
        """True if this kind is made from the config item of that name."""
        return any(family.holds(item) for family in self.families)
