# SPDX-License-Identifier: Apache-2.0
"""Kind ``checks``: the configuration of the health checker, and the servers that it checks."""

from __future__ import annotations

import os
from typing import Any, List, Mapping, Optional, Set

from ..haproxy_api import STATES, states
from ..plan import checks as plan
from ..plan.haproxy import Server
from ..plan.items import CHECK
from ..plan.network import CHECKER
from ..plan.places import CHECK as DIRECTORY
from ..plan.places import CHECKER_CONFIGURATION
from . import files, haproxy, kernel
from .errors import HostStateError
from .host import Host
from .kind import Description, Kind, Look, Path
from .pending import Pending
from .result import Result

_RESTART = "restart"  # in the mark: HAProxy has not read the configuration


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Write the configuration if it differs, begin the checks that are new and end those that are not wanted."""
    if description is None:
        return  # the checker goes with the network, and its checks with it
    wanted = plan.checks(description, kernel.own_address())
    _configure(host, result, check)
    present = _present(host)
    if present is None:
        return  # it has to start first; then this is drift
    new, gone = plan.difference(wanted, present)
    commands: List[str] = []
    for server in gone:
        result.add("end check {0}".format(server))
        commands += plan.end(server)
    for each in new:
        result.add("begin check {0} of {1}:{2}".format(each.server, each.address, each.port))
        commands += each.add()
    if not check:
        haproxy.order(os.path.join(host.check, plan.COMMANDS), commands)


def _configure(host: Host, result: Result, check: bool) -> None:
    """Have HAProxy run with today's configuration; it changes with the platform's version only."""
    path, pending = os.path.join(host.check, CHECKER_CONFIGURATION), Pending(host.check)
    if files.read(path) == plan.configuration() and not pending.words():
        return
    if not check:
        os.makedirs(host.check, exist_ok=True)
        pending.mark([_RESTART])
    files.ensure(path, plan.configuration(), result, check)
    container = host.docker.container(CHECKER)
    if container is not None and container["State"]["Running"]:
        result.add("restart container " + CHECKER)
        if not check:
            host.docker.restart(CHECKER)
    if not check:
        pending.clear()


def _present(host: Host) -> Optional[Set[Server]]:
    """The servers of the running checker; ``None``: it does not run."""
    answers = haproxy.ask(os.path.join(host.check, plan.COMMANDS), [STATES])
    return None if answers is None else set(states(answers[0]))


def drift(host: Host) -> Look:
    """Check for another configuration, and for checks that a new HAProxy does not know yet."""

    def differs(wanted: Description, _docker: bool) -> bool:
        path = os.path.join(host.check, CHECKER_CONFIGURATION)
        if Pending(host.check).words() or files.read(path) != plan.configuration():
            return True
        try:
            present = _present(host)
        except HostStateError:
            return False  # one that does not answer cannot be mended here, and must not hide the drift of other kinds
        return present is not None and present != set(plan.checks(wanted, kernel.own_address()))

    return differs


KIND = Kind(
    "checks",
    (CHECK,),
    plan.describe,
    apply,
    drift,
    (
        Path(DIRECTORY),
        Path(DIRECTORY + "/run", 0o2770),
        Path(DIRECTORY + "/" + CHECKER_CONFIGURATION, 0o644, plan.configuration()),
        Path(DIRECTORY + "/" + plan.PATHS_FILE, 0o644, ""),
        Path(DIRECTORY + "/" + plan.NAMES_FILE, 0o644, ""),
    ),
)
