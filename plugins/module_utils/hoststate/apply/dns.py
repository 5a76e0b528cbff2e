# SPDX-License-Identifier: Apache-2.0
"""Kind ``dns``: the resolver's table and upstreams, and a reload of what changed."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional

from ..plan import dns as plan
from ..plan.items import DNS, NAMES
from ..plan.places import DNS as DIRECTORY
from . import files, recursor
from .host import Host
from .kind import Description, Kind, Look, Path
from .pending import Pending
from .result import Result

_SOCKET = "run/pdns_recursor.controlsocket"
_COMMANDS = {plan.TABLE: "reload-lua-script", plan.FORWARD: "reload-zones"}
#: systemd-resolved puts a stub on the loopback into /etc/resolv.conf; this file has the real servers.
_RESOLVED = "/run/systemd/resolve/resolv.conf"


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Write the files that differ, and have a running resolver read them; ``None`` means no names."""
    if description is None and not os.path.isdir(host.dns):
        return  # no resolver was ever here
    texts = wanted(host, description)
    changed = [name for name, text in texts.items() if files.read(os.path.join(host.dns, name)) != text]
    pending = Pending(host.dns)
    commands = [_COMMANDS[name] for name in changed]
    commands += [line for line in pending.words() if line not in commands]
    if not commands:
        return
    if not check:
        os.makedirs(host.dns, exist_ok=True)
        pending.mark(commands)
    for name in changed:
        files.ensure(os.path.join(host.dns, name), texts[name], result, check)
    if not changed:
        result.add("load the answers that were written earlier")
    if not check:
        for line in commands:
            recursor.control(os.path.join(host.dns, _SOCKET), line)
        pending.clear()


def wanted(host: Host, description: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    """File name -> text. Upstreams are those of the description, or else the host's own."""
    if description is None:
        return {plan.TABLE: plan.EMPTY_TABLE, plan.FORWARD: ""}
    forward = wanted_forward(host, description)
    return {plan.TABLE: plan.table(description, bool(forward)), plan.FORWARD: forward}


def wanted_forward(host: Host, description: Mapping[str, Any]) -> str:
    """Text of the upstreams' file."""
    return plan.forward_zones(list(description.get("upstreams") or host_upstreams(host)))


def host_upstreams(host: Host) -> List[str]:
    """The resolvers that the host itself uses, as far as a container can reach them."""
    found = plan.upstreams(files.read(host.resolv_conf) or "")
    return found or plan.upstreams(files.read(_RESOLVED) or "")


def drift(host: Host) -> Look:
    """Check for files that the resolver has not loaded, and for changed resolvers of the host."""

    def differs(wanted: Description, _docker: bool) -> bool:
        if Pending(host.dns).words():
            return True
        return files.read(os.path.join(host.dns, plan.FORWARD)) != wanted_forward(host, wanted)

    return differs


KIND = Kind(
    "dns",
    (NAMES, DNS),
    plan.describe,
    apply,
    drift,
    (
        Path(DIRECTORY),
        Path(DIRECTORY + "/run", 0o2770),
        Path(DIRECTORY + "/" + plan.TABLE, 0o644, plan.EMPTY_TABLE),
        Path(DIRECTORY + "/" + plan.FORWARD, 0o644, ""),
    ),
)
