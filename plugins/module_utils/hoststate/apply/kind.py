# SPDX-License-Identifier: Apache-2.0
"""One kind of host state as one object: its config items, how to apply it, and its files on the host."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple

from ..plan.items import Family
from . import files
from .host import Host
from .result import Result

#: The complete wanted state of one kind; the modules of ``plan`` define the form of each.
Description = Mapping[str, Any]

#: True if applying this description would change the host. The flag: ask Docker too, which costs a request.
Look = Callable[[Description, bool], bool]


class Path(NamedTuple):
    """A directory below the host's root; with ``text`` a file, which is only made if it is missing."""

    name: str
    mode: int = 0o755
    text: Optional[str] = None

    def ensure(self, root: str, result: Result, check: bool) -> None:
        """Make it if needed, and record that."""
        path = os.path.join(root, self.name) if self.name else root
        if self.text is None:
            files.ensure_directory(path, self.mode, result, check)
        elif not os.path.exists(path):
            files.ensure(path, self.text, result, check, self.mode)


class Kind(NamedTuple):
    """Everything that differs between kinds. Owner file and stored items are named after the kind."""

    name: str
    #: The families of config items that this kind is made from.
    families: Tuple[Family, ...]
    #: Turns config items (name -> description), also of other kinds, into the description; ``None``: nothing is wanted.
    describe: Callable[[Mapping[str, Mapping[str, Any]]], Optional[Dict[str, Any]]]
    #: Brings a host to a description (``None``: remove this kind) and records its actions; in check mode only records.
    apply: Callable[[Host, Optional[Description], Result, bool], None]
    #: Makes the check for drift on one host, which may remember the last correct state.
    drift: Callable[[Host], Look]
    #: What must exist below the host's root before the containers of kind ``network`` start.
    paths: Tuple[Path, ...] = ()
    #: Comes before these paths: it refuses what cannot be applied on a host while nothing is changed there yet.
    prepare: Optional[Callable[[Host, Description, Result, bool], None]] = None

    def takes(self, item: str) -> bool:
        """True if this kind is made from the config item of that name."""
        return any(family.holds(item) for family in self.families)
