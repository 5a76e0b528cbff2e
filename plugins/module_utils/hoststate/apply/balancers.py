# SPDX-License-Identifier: Apache-2.0
"""Kind ``balancers``: the directories of the host's balancers, and their targets, routes and certificates.

Those change while HAProxy runs. Only the agent loads another structure (``orca.agent.balancers``), as HAProxy itself
has to read it first; until then the last good one goes on.
"""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ..haproxy_api import STATES, entries, live, variable
from ..plan import balancer as plan
from ..plan import balancer_runtime, routing
from ..plan import balancer_text as text
from ..plan.haproxy import Server
from ..plan.items import BALANCER as BALANCER_FAMILY
from ..plan.items import CERTIFICATE, TARGETS
from ..plan.places import BALANCER
from . import balancer_certificates, haproxy
from .balancer_directory import Directory
from .errors import HostStateError
from .host import Host
from .kind import Description, Kind, Look, Path
from .result import Result

_STRUCTURE = "show env " + text.STRUCTURE_VARIABLE


class Wanted:
    """What one balancer should do with the structure that was found good."""

    def __init__(self, directory: Directory, uuid: str, description: Description) -> None:
        """:raises ValueError: the balancer's item, or a target, makes no sense; the message names it."""
        try:
            good = directory.good
            self.item = plan.loaded(description["balancers"][uuid], good)
            self.targets = plan.targets(self.item, description["targets"].get(uuid, {}))
            self.maps = plan.maps(self.item)
            self.structure = plan.structure(good)
        except (KeyError, TypeError, ValueError) as error:
            words = "{0} is missing".format(error.args[0]) if isinstance(error, KeyError) else str(error)
            raise ValueError("balancer {0}: {1}".format(uuid, words)) from error

    @property
    def files(self) -> Dict[str, str]:
        """The files that HAProxy reads at its start, besides certificates."""
        found = {text.CONFIGURATION: text.configuration(self.item, self.targets)}
        for port, maps in self.maps.items():
            for sort, content in _sorts(maps):
                found[text.MAP.format(port, sort)] = "".join("{0} {1}\n".format(*each) for each in content)
        return found


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Bring the host's balancers to ``description``.

    :raises HostStateError: a HAProxy refused a command; the others have theirs.
    """
    wanted = {} if description is None else description["balancers"]
    for uuid in _present(host):
        if uuid not in wanted:
            Directory(host.root, uuid).remove(result, check)
    refusals: List[str] = []
    for uuid in sorted(wanted):
        assert description is not None, "there is no balancer without one"
        try:
            _ensure(Directory(host.root, uuid), uuid, description, result, check)
        except HostStateError as error:
            refusals.append("balancer {0}: {1}".format(uuid, error))
    if refusals:
        raise HostStateError("; ".join(refusals))


def _ensure(directory: Directory, uuid: str, description: Description, result: Result, check: bool) -> None:
    # A new structure is read as well, so that one that makes no sense is refused with its item.
    item = description["balancers"][uuid]
    wanted = Wanted(directory, uuid, description)
    text.configuration(item, {})
    directory.make(result, check)
    running = _running(directory) == wanted.structure
    balancer_certificates.ensure(directory, wanted.item, description["certificates"], running, result, check)
    if running:
        commands = balancer_runtime.servers(wanted.targets, _servers(directory))
        for command in commands:
            result.add(command.partition(" check")[0])
        if not check:
            haproxy.order(directory.commands, commands)
        for port, maps in wanted.maps.items():
            _ensure_maps(directory, port, maps, result, check)
    for name, content in wanted.files.items():
        directory.write(name, content, result, check)


def _ensure_maps(directory: Directory, port: int, maps: routing.Maps, result: Result, check: bool) -> None:
    for sort, wanted in _sorts(maps):
        path = text.map_file(port, sort)
        if sorted(_entries(directory, path)) == sorted(wanted):
            continue
        result.add("fill {0}".format(path))
        if check:
            continue
        answer = (haproxy.ask(directory.commands, ["prepare map " + path]) or [""])[0]
        version = answer.rpartition(": ")[2].strip()
        if not version.isdigit():
            raise HostStateError("haproxy: prepare map {0}: {1}".format(path, answer.strip()))
        haproxy.order(directory.commands, balancer_runtime.fill(path, version, wanted))


def _sorts(maps: routing.Maps) -> List[Tuple[str, List[Tuple[str, str]]]]:
    return [(sort, list(getattr(maps, sort).items())) for sort in text.SORTS]


def _running(directory: Directory) -> Optional[str]:
    """The structure that the running HAProxy has; ``None``: it does not run."""
    answers = haproxy.ask(directory.commands, [_STRUCTURE])
    return None if answers is None else variable(answers[0]) or ""


def _servers(directory: Directory) -> Dict[Server, balancer_runtime.Live]:
    answers = haproxy.ask(directory.commands, [STATES])
    return {} if answers is None else live(answers[0])


def _entries(directory: Directory, path: str) -> List[Tuple[str, str]]:
    answers = haproxy.ask(directory.commands, ["show map " + path])
    return [] if answers is None else entries(answers[0])


def _present(host: Host) -> List[str]:
    try:
        return sorted(os.listdir(os.path.join(host.root, BALANCER)))
    except FileNotFoundError:
        return []


def drift(host: Host) -> Look:
    """Check files, and the targets of what runs."""

    def differs(wanted: Description, _docker: bool) -> bool:
        if set(_present(host)) != set(wanted["balancers"]):
            return True
        return any(_differs(Directory(host.root, uuid), uuid, wanted) for uuid in wanted["balancers"])

    return differs


def _differs(directory: Directory, uuid: str, description: Description) -> bool:
    result = Result()
    try:
        _ensure(directory, uuid, description, result, check=True)
    except HostStateError:
        return False  # one that does not answer cannot be mended here, and must not hide the drift of other kinds
    return result.changed


KIND = Kind("balancers", (BALANCER_FAMILY, TARGETS, CERTIFICATE), plan.describe, apply, drift, (Path(BALANCER, 0o750),))
