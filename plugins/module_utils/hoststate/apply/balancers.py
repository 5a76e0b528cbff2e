# SPDX-License-Identifier: Apache-2.0
"""Kind ``balancers``: the directories of the host's balancers, and their targets, routes and certificates.

Those change while HAProxy runs. Only the agent loads another structure (``orca.agent.balancers``), as HAProxy itself
has to read it first; until then the last good one goes on.
"""

from __future__ import annotations

import os
from typing import Any, Collection, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..haproxy_api import STATES, Live, live, variable, worked
from ..plan import balancer as plan
from ..plan import balancer_runtime, routing
from ..plan import balancer_text as text
from ..plan.haproxy import Server
from ..plan.items import BALANCER as BALANCER_FAMILY
from ..plan.items import CERTIFICATE, TARGETS
from ..plan.places import BALANCER
from . import balancer_certificates, files, haproxy
from .balancer_directory import Directory
from .errors import HostStateError
from .host import Host
from .kind import Description, Kind, Look, Path
from .result import Result

#: Seconds; HAProxy stops all of its threads to add a server, which takes a while on a busy host.
_TIMEOUT = 5.0
_STRUCTURE = "show env " + text.STRUCTURE_VARIABLE


class Wanted:
    """What one balancer should do with the structure that was found good."""

    def __init__(self, directory: Directory, uuid: str, description: Description) -> None:
        """:raises ValueError: the balancer's item, or a target, makes no sense; the message names it."""
        try:
            good, item = directory.good, description["balancers"][uuid]
            # A new structure is read as well, so that one that makes no sense is refused with its item.
            plan.maps(item)
            text.configuration(item, {})
            self.item = plan.loaded(item, good)
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
                found[text.MAP.format(port, sort)] = _lines(content)
        return found


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Bring the host's balancers to ``description``.

    :raises HostStateError: a HAProxy refused a command; the others have theirs.
    """
    wanted = {} if description is None else description["balancers"]
    for uuid in _present(host):
        if uuid not in wanted:
            Directory(host.root, uuid).remove(result, check)
    if description is None:
        return
    refusals: List[str] = []
    for uuid in sorted(wanted):
        try:
            _ensure(Directory(host.root, uuid), uuid, description, result, check)
        except HostStateError as error:
            refusals.append("balancer {0}: {1}".format(uuid, error))
    if refusals:
        raise HostStateError("; ".join(refusals))


def _ensure(directory: Directory, uuid: str, description: Description, result: Result, check: bool) -> None:
    wanted = Wanted(directory, uuid, description)
    directory.make(result, check)
    present = _servers(directory, wanted.structure)
    running = present is not None
    balancer_certificates.ensure(directory, wanted.item, description["certificates"], running, result, check)
    if present is not None:
        commands = balancer_runtime.servers(wanted.targets, present)
        for command in commands:
            result.add(command.partition(" check")[0])
        if commands and not check:
            haproxy.order(directory.commands, commands, _TIMEOUT)
        for port, maps in wanted.maps.items():
            _ensure_maps(directory, port, maps, result, check)
    for name, content in wanted.files.items():
        directory.write(name, content, result, check)


def _ensure_maps(directory: Directory, port: int, maps: routing.Maps, result: Result, check: bool) -> None:
    """Fill the maps of a HAProxy that runs. It has what is in their files, which are written after it took them."""
    for sort, wanted in _sorts(maps):
        if files.read(directory.file(text.MAP.format(port, sort))) == _lines(wanted):
            continue
        path = text.map_file(port, sort)
        result.add("fill {0}".format(path))
        if check:
            continue
        answer = (haproxy.ask(directory.commands, ["prepare map " + path], _TIMEOUT) or [""])[0]
        version = answer.rpartition(": ")[2].strip()
        if not version.isdigit():
            raise HostStateError("haproxy: prepare map {0}: {1}".format(path, answer.strip()))
        haproxy.order(directory.commands, balancer_runtime.fill(path, version, wanted), _TIMEOUT)


def _lines(entries: Sequence[Tuple[str, str]]) -> str:
    return "".join("{0} {1}\n".format(*each) for each in entries)


def _sorts(maps: routing.Maps) -> List[Tuple[str, List[Tuple[str, str]]]]:
    return [(sort, list(getattr(maps, sort).items())) for sort in text.SORTS]


def _servers(directory: Directory, structure: str) -> Optional[Dict[Server, Live]]:
    """The servers of a HAProxy that runs with that structure; ``None``: none does."""
    answers = haproxy.ask(directory.commands, [_STRUCTURE, STATES], _TIMEOUT)
    return None if answers is None or variable(answers[0]) != structure else live(answers[1])


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


class Proposal(NamedTuple):
    """The structure that is wanted of a balancer. ``candidate``: HAProxy has not said yet what it thinks of it."""

    item: Mapping[str, Any]
    structure: str
    candidate: bool
    #: The item of the last good structure.
    good: Mapping[str, Any]


def propose(host: Host, description: Description, uuid: str) -> Optional[Proposal]:
    """Write the wanted structure of a balancer as a candidate, if it is new; ``None``: the balancer is not wanted."""
    item = description["balancers"].get(uuid)
    if item is None:
        return None
    directory = Directory(host.root, uuid)
    candidate = directory.propose(item, plan.targets(item, description["targets"].get(uuid, {})))
    return Proposal(item, plan.structure(item), candidate, directory.good)


def accept(host: Host, _description: Description, uuid: str, item: Mapping[str, Any]) -> None:
    """Make the structure of ``item`` the good one; applying the kind brings it into the files."""
    Directory(host.root, uuid).accept(item)


def refuse(
    host: Host, description: Description, uuid: str, proposal: Proposal, reason: str, line: Optional[int]
) -> None:
    """Keep HAProxy's words against a proposal, with the user's line that became line ``line`` of the candidate."""
    targets = plan.targets(proposal.item, description["targets"].get(uuid, {}))
    place = None if line is None else text.place(proposal.item, targets, line)
    Directory(host.root, uuid).refuse(proposal.structure, reason, place)


def keep_states(host: Host, _description: Description, uuid: str, states: str) -> None:
    """Keep what a process knows of its targets (the answer to ``STATES``) for the one that replaces it."""
    files.write(Directory(host.root, uuid).file(text.STATES_FILE), states + "\n", 0o640)


def remove_unused(host: Host, description: Description, uuid: str, close: Collection[Server]) -> List[Server]:
    """Remove the servers of a running balancer that are not wanted any more; return those that still have connections.

    :param close: of these the connections are closed first.
    :raises HostStateError: HAProxy does not answer.
    """
    if uuid not in description["balancers"]:
        return []
    directory = Directory(host.root, uuid)
    wanted = Wanted(directory, uuid, description)
    gone = balancer_runtime.leaving(wanted.targets, _servers(directory, wanted.structure) or {})
    commands = ["shutdown sessions server {0}".format(each) for each in gone if each in close]
    haproxy.ask(directory.commands, commands, _TIMEOUT)
    answers = haproxy.ask(directory.commands, ["del server {0}".format(each) for each in gone], _TIMEOUT)
    return [server for server, answer in zip(gone, answers or ()) if not worked(answer)]


KIND = Kind("balancers", (BALANCER_FAMILY, TARGETS, CERTIFICATE), plan.describe, apply, drift, (Path(BALANCER, 0o750),))
