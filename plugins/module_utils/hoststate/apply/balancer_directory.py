# SPDX-License-Identifier: Apache-2.0
"""The directory of one balancer: what HAProxy reads at its start, and which structure was found good.

A structure is loaded in three steps, since only HAProxy itself knows whether it is right. ``propose`` writes it as a
candidate, which the caller lets ``haproxy -c`` read in the balancer's container. ``accept`` makes it the good one, or
``refuse`` keeps the words against it. After that the caller has HAProxy load what is good.
"""

from __future__ import annotations

import json
import os
import shutil
from typing import Any, Dict, Mapping, Optional

from ..plan import balancer as plan
from ..plan import balancer_text as text
from ..plan.haproxy import Server
from ..plan.places import BALANCER
from . import files
from .errors import HostStateError
from .result import Result

#: Root's group is that of HAProxy's user too; nobody else reads them.
_SECRET, _DIRECTORY, _SOCKETS = 0o640, 0o750, 0o2770
_GOOD, _REFUSED = "good.json", "refused.json"
_DIRECTORIES = {"": _DIRECTORY, "maps": _DIRECTORY, text.CERTIFICATES: _DIRECTORY, "run": _SOCKETS}


class Directory:
    """The directory of the balancer whose container has the uuid of instance ``uuid``."""

    def __init__(self, root: str, uuid: str) -> None:
        """:raises ValueError: ``uuid`` cannot name a directory."""
        self.path = os.path.join(root, BALANCER, plan.identity(uuid, "balancer"))

    def file(self, name: str) -> str:
        """The path of something in it, on the host."""
        return os.path.join(self.path, name)

    @property
    def commands(self) -> str:
        """The socket of HAProxy."""
        return self.file(text.COMMANDS)

    @property
    def master(self) -> str:
        """The socket of HAProxy's master, which replaces its worker."""
        return self.file(text.MASTER)

    @property
    def good(self) -> Mapping[str, Any]:
        """The last item whose structure HAProxy found right."""
        return _load(self.file(_GOOD)) or plan.MINIMAL

    @property
    def refusal(self) -> Optional[Dict[str, Any]]:
        """``{structure, reason, section, line}`` of the item that HAProxy refuses; ``None``: it refuses none."""
        return _load(self.file(_REFUSED))

    def make(self, result: Result, check: bool) -> None:
        """Make the directory with a configuration, so that HAProxy can start."""
        for name, mode in _DIRECTORIES.items():
            files.ensure_directory(self.file(name) if name else self.path, mode, result, check)
        if not os.path.exists(self.file(text.CONFIGURATION)):
            for name in (text.CERTIFICATE_LIST, text.STATES_FILE):
                self.write(name, "", result, check)
            self.write(text.CONFIGURATION, text.configuration(plan.MINIMAL, {}), result, check)

    def remove(self, result: Result, check: bool) -> None:
        """Remove it with all that it holds."""
        result.add("remove " + self.path)
        if not check:
            shutil.rmtree(self.path)

    def write(self, name: str, content: Optional[str], result: Result, check: bool) -> bool:
        """Write a file for HAProxy, and return whether that is a change. Users' own lines may hold passwords."""
        return files.ensure(self.file(name), content, result, check, _SECRET, secret=True)

    # -- loading -------------------------------------------------------------------------------------------------

    def propose(self, item: Mapping[str, Any], targets: Mapping[Server, plan.Target]) -> bool:
        """Write the structure of ``item`` as a candidate; return false if it has been decided on."""
        digest, refusal = plan.structure(item), self.refusal
        if digest == plan.structure(self.good):
            self._forget_refusal()
            return False
        if refusal is not None and refusal["structure"] == digest:
            return False
        for listener in item["listeners"]:
            for sort in text.SORTS:
                path = self.file(text.MAP.format(listener["port"], sort))
                if not os.path.exists(path):
                    files.write(path, "", _SECRET)
        files.write(self.file(text.CANDIDATE), text.configuration(item, targets), _SECRET)
        return True

    def accept(self, item: Mapping[str, Any]) -> None:
        """Make the structure of ``item`` the good one."""
        files.write(self.file(_GOOD), json.dumps(item, sort_keys=True) + "\n", 0o600)
        self._forget_refusal()

    def refuse(self, digest: str, reason: str, place: Optional[text.Place]) -> None:
        """Keep the words of HAProxy against the structure with that digest."""
        section, line = (None, None) if place is None else place
        refusal = {"structure": digest, "reason": reason, "section": section, "line": line}
        files.write(self.file(_REFUSED), json.dumps(refusal, sort_keys=True) + "\n", 0o600)

    def _forget_refusal(self) -> None:
        for name in (_REFUSED, text.CANDIDATE):
            if os.path.exists(self.file(name)):
                os.unlink(self.file(name))


def _load(path: str) -> Optional[Dict[str, Any]]:
    content = files.read(path)
    if content is None:
        return None
    try:
        found: Dict[str, Any] = json.loads(content)
    except ValueError as error:
        raise HostStateError("{0} is damaged: {1}".format(path, error)) from error
    return found
