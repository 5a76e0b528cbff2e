# SPDX-License-Identifier: Apache-2.0
"""Kind ``firewall``: one observation, one comparison of text, and one transaction where they differ.

The kernel settings that the chains guard are opened after them and closed before them.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ..plan import firewall as plan
from . import conntrack, iptables, kernel
from .host import Host
from .result import Result


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Bring our chains and jumps to ``description``."""
    variant, tables = iptables.observe()
    wanted = plan.plan(description, tables)
    transaction = plan.transaction(wanted, tables)
    # A bridge that does not exist has no settings; the next look for drift finds it once it does.
    settings = kernel.existing(plan.sysctls(description, tables))
    kernel.ensure_sysctls({name: value for name, value in settings.items() if value == "0"}, result, check)
    if transaction is not None:
        _commit(variant, tables, transaction, result, check)
    kernel.ensure_sysctls({name: value for name, value in settings.items() if value == "1"}, result, check)


def _commit(variant: str, tables: plan.Tables, transaction: str, result: Result, check: bool) -> None:
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
