# SPDX-License-Identifier: Apache-2.0
"""The entry of the executor: make one kind of state so, under the lock, as one owner."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, Dict, Mapping, Optional

from . import dns, firewall, mesh, network
from .host import Host
from .result import Result

#: Brings one kind to ``description`` (``None``: removed), recording into the result; changes nothing when ``check``.
Applier = Callable[[Host, Optional[Mapping[str, Any]], Result, bool], None]

_APPLIERS: Dict[str, Applier] = {
    "network": network.apply,
    "firewall": firewall.apply,
    "mesh": mesh.apply,
    "dns": dns.apply,
}


def apply_kind(
    kind: str,
    description: Optional[Mapping[str, Any]],
    owner: str,
    version: int = 0,
    check: bool = False,
    takeover: bool = False,
    host: Optional[Host] = None,
) -> Result:
    """Make ``kind`` match ``description`` and record the owner.

    :param kind: one of :data:`..plan.items.KINDS`.
    :param description: complete description of the kind (:mod:`..plan.items`); ``None`` removes everything of it.
    :param owner: ``"agent"`` or ``"push"``: who asks. The agent may always write; see :class:`.owner.Ledger`.
    :param version: integer that goes into the owner file; the highest version of the kind's items.
    :param check: plan only; ownership is not enforced, so that drift can be shown.
    :raises HostStateError: the state cannot be reached; the message says why.
    """
    applier = _APPLIERS[kind]
    host = host or Host()
    result = Result()
    lock: ContextManager[None] = contextlib.nullcontext() if check else host.ledger.lock()
    with lock:
        if not check:
            host.ledger.claim(kind, owner, takeover)
        applier(host, description, result, check)
        if check:
            return result
        if description is None:
            host.ledger.forget(kind)
        else:
            host.ledger.write(kind, owner, version, description)
    return result
