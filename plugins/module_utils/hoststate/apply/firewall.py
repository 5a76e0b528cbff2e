# SPDX-License-Identifier: Apache-2.0
"""Kind ``firewall``: one observation, one comparison of text, and one transaction where they differ.

The kernel settings that the chains guard are opened after them and closed before them.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional

from ..plan import firewall as plan
from ..plan.items import PORT
from . import conntrack, iptables, kernel, netlink
from .host import Host
from .kind import Description, Kind
from .result import Result


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Bring our chains and jumps to ``description``."""
    variant, tables = iptables.observe()
    wanted = plan.plan(description, tables)
    transaction = plan.transaction(wanted, tables)
    # A missing bridge has no settings; the next check for drift sets them once it exists.
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
    # Flows that were tracked under other rules would keep following these while they stay alive, and UDP senders (such
    # as a peer's IKE) can keep them alive forever.
    changed = plan.udp_ports(tables) ^ plan.udp_ports(after)
    if changed:
        conntrack.forget_udp({port for port, _target in changed})


class RuleWatch:
    """Checks for drift. A full check starts a process, so it runs only if a rule changed since the last correct state.

    Legacy iptables has no generation of rules, so there every check is a full one.
    """

    def __init__(self, _host: Host) -> None:
        self._generation: Optional[int] = None
        self._description: Optional[Description] = None

    def __call__(self, wanted: Description, _docker: bool) -> bool:
        """True if chains, jumps or kernel settings are not as ``wanted`` says.

        :raises HostStateError: see ``.iptables.observe``.
        """
        if kernel.settings_differ(kernel.existing(plan.sysctls(wanted, {}))):
            return True
        generation = _generation()
        if generation is not None and generation == self._generation and wanted == self._description:
            return False
        tables = iptables.observe().tables
        differs = plan.transaction(plan.plan(wanted, tables), tables) is not None
        # The generation is read before the rules, so the next check sees a change in between.
        self._generation, self._description = (None, None) if differs else (generation, wanted)
        return differs


def _generation() -> Optional[int]:
    if iptables.legacy_in_use():
        return None
    try:
        return netlink.nftables_generation()
    except OSError:
        return None  # no nftables in this kernel, or an older one: the rules are read each time


KIND = Kind("firewall", (PORT,), plan.describe, apply, RuleWatch)
