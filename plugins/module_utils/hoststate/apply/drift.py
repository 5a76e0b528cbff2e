# SPDX-License-Identifier: Apache-2.0
"""What has drifted from its description, cheaply enough to be asked every few seconds.

Asking costs some reads of ``/proc`` and ``/sys`` and one netlink message. The packet filter is read in full, which
starts a process, only when its generation says that somebody changed a rule, or where legacy iptables, which has none,
is in use.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional

from ..plan import dns as dns_plan
from ..plan import firewall as firewall_plan
from ..plan import network as network_plan
from ..plan.items import KINDS
from . import dns, files, iptables, kernel, netlink
from .host import Host
from .pending import Pending


class DriftWatch:
    """Remembers what was right at the last look."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._generation: Optional[int] = None
        self._firewall: Optional[Mapping[str, Any]] = None

    def drifted(self, descriptions: Mapping[str, Optional[Mapping[str, Any]]], docker: bool = False) -> List[str]:
        """Kinds, in order of application, that ``apply_kind`` would change. Absent or ``None`` ones are not watched.

        :param docker: also ask Docker for the system containers; who follows Docker's events need not each time.
        :raises HostStateError: see :func:`.iptables.observe`; EngineUnavailable: only with ``docker``.
        """
        looks = {
            "network": lambda wanted: self._network(wanted, docker),
            "firewall": self._packet_filter,
            "mesh": self._mesh,
            "dns": self._dns,
        }
        wanted: Dict[str, Mapping[str, Any]] = {kind: text for kind, text in descriptions.items() if text is not None}
        return [kind for kind in KINDS if kind in wanted and looks[kind](wanted[kind])]

    def _network(self, wanted: Mapping[str, Any], docker: bool) -> bool:
        if kernel.routes_differ(network_plan.routes(wanted)) or kernel.settings_differ(network_plan.sysctls(wanted)):
            return True
        if kernel.hairpin_missing(wanted["bridge"]):
            return True
        return docker and self._containers_differ(wanted)

    def _containers_differ(self, wanted: Mapping[str, Any]) -> bool:
        specs = network_plan.containers(wanted, self._host.mesh, self._host.dns)
        running = {
            entry["Names"][0].lstrip("/"): entry["Labels"].get(network_plan.SPEC_LABEL)
            for entry in self._host.docker.containers([network_plan.SYSTEM_LABEL], everything=False)
        }
        return any(running.get(name) != body["Labels"][network_plan.SPEC_LABEL] for name, body in specs.items())

    def _packet_filter(self, wanted: Mapping[str, Any]) -> bool:
        if kernel.settings_differ(kernel.existing(firewall_plan.sysctls(wanted, {}))):
            return True
        generation = _generation()
        if generation is not None and generation == self._generation and wanted == self._firewall:
            return False
        tables = iptables.observe().tables
        differs = firewall_plan.transaction(firewall_plan.plan(wanted, tables), tables) is not None
        # The generation was read before the rules: a change in between is seen at the next look.
        self._generation, self._firewall = (None, None) if differs else (generation, wanted)
        return differs

    def _mesh(self, _wanted: Mapping[str, Any]) -> bool:
        return bool(Pending(self._host.mesh).words())

    def _dns(self, wanted: Mapping[str, Any]) -> bool:
        if Pending(self._host.dns).words():
            return True
        # The host's own resolvers may change at any time; nothing else about the files does.
        text = files.read(os.path.join(self._host.dns, dns_plan.FORWARD))
        return text != dns.wanted_forward(self._host, wanted)


def _generation() -> Optional[int]:
    if iptables.legacy_in_use():
        return None
    try:
        return netlink.nftables_generation()
    except OSError:
        return None  # no nftables in this kernel, or an older one: the rules are read each time
