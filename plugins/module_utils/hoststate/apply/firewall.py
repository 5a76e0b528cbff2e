# SPDX-License-Identifier: Apache-2.0
"""Kind ``firewall``: one observation, one comparison of text, and one transaction where they differ."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ..plan import firewall as plan
from . import conntrack, iptables
from .host import Host
from .result import Result


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Bring our chains and jumps to ``description``."""
    variant, tables = iptables.observe()
    wanted = plan.plan(description, tables)
    transaction = plan.transaction(wanted, tables)
    if transaction is None:
        return
    after = plan.apply_transaction(transaction, tables)
    result.add("iptables ({0})".format(variant), plan.show(tables), plan.show(after))
    if check:
        return
    iptables.restore(variant, transaction)
    # Flows that were tracked under other rules would go on by them for as long as they are kept alive, which senders of
    # UDP (a peer's IKE among them) do for ever.
    changed = plan.udp_ports(tables) ^ plan.udp_ports(after)
    if changed:
        conntrack.forget_udp({port for port, _target in changed})
