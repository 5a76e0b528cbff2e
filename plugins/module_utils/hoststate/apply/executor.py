# SPDX-License-Identifier: Apache-2.0
"""The entry of the executor: apply one kind of state, under the lock, as one owner."""

from __future__ import annotations

import contextlib
import os
from typing import ContextManager, Optional

from . import kinds
from .host import Host
from .kind import Description, Kind
from .result import Result


def apply_kind(
    kind: Kind,
    description: Optional[Description],
    owner: str,
    version: int = 0,
    check: bool = False,
    takeover: bool = False,
    host: Optional[Host] = None,
) -> Result:
    """Make ``kind`` match ``description`` and record the owner.

    :param kind: of :data:``.kinds.KINDS``.
    :param description: complete description of the kind; ``None`` removes everything of it.
    :param owner: ``"agent"`` or ``"push"``: the caller. The agent may always write; see ``.owner.Ledger``.
    :param version: integer that goes into the owner file; the highest version of the kind's items.
    :param check: plan only; ownership is not enforced, so that drift can be shown.
    :raises HostStateError: the state cannot be reached; the message says why.
    :raises OSError: a file cannot be read or written.
    :raises ValueError: the description makes no sense.
    """
    host = host or Host()
    result = Result()
    lock: ContextManager[None] = contextlib.nullcontext() if check else host.ledger.lock()
    with lock:
        if not check:
            host.ledger.claim(kind.name, owner, takeover)
        if description is not None and kind.prepare is not None:
            kind.prepare(host, description, result, check)
        if description is not None and kinds.carries(kind):
            for path in (path for each in kinds.KINDS for path in each.paths):
                if path.name or os.path.isdir(host.root):  # check mode takes no lock, which would make the directory
                    path.ensure(host.root, result, check)
        kind.apply(host, description, result, check)
        if check:
            return result
        if description is None:
            host.ledger.forget(kind.name)
        else:
            host.ledger.write(kind.name, owner, version, description)
    return result
