# SPDX-License-Identifier: Apache-2.0
"""Kind ``mesh``: certificate, CA and one file per peer; a change never touches the tunnels of other peers."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from ..plan import mesh as plan
from ..plan.items import MESH, PEER
from ..plan.network import NET_AGENT
from ..plan.places import MESH as DIRECTORY
from . import files
from .errors import HostStateError
from .host import Host
from .kind import Kind, Look, Path
from .pending import Pending
from .result import Result

_SUFFIX = ".conf"
_EVERYTHING = "-"  # in the mark: load, but restart no tunnel


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Write the files that differ and have the network agent load them; without one it reads them at its start."""
    wanted = _wanted(host, description)
    present = _present(host)
    changed = [path for path, text in wanted.items() if present.get(path) != text]
    gone = [path for path in present if path not in wanted]
    pending = Pending(host.mesh)
    anew = _anew(present, wanted, changed, gone) | {word for word in pending.words() if word != _EVERYTHING}
    if changed or gone:
        if not check:
            if not os.path.isdir(host.mesh):
                raise HostStateError("there is no {0}: the kind network is applied first".format(host.mesh))
            pending.mark(sorted(anew) or [_EVERYTHING])
        for path in changed:
            files.ensure(path, wanted[path], result, check)
        for path in gone:
            files.ensure(path, None, result, check)
    elif pending.words():
        result.add("load the mesh that was written earlier")
    if result.changed and not check:
        load(host, sorted(anew))
        pending.clear()


def load(host: Host, anew: List[str]) -> None:
    """Have a running network agent read its files; tunnels to the peers ``anew`` are dropped first.

    :raises HostStateError: charon refused something; its message is passed on.
    """
    _execute(host, ["mesh-reload"] + anew)


def initiate(host: Host) -> None:
    """Dial the tunnels to all peers again, whichever side usually dials, after this host's outer address changed."""
    _execute(host, ["mesh-initiate", "--anew"], (0, 1))


def _execute(host: Host, argv: List[str], good: Tuple[int, ...] = (0,)) -> None:
    container = host.docker.container(NET_AGENT)
    if container is None or not container["State"]["Running"] or container["State"].get("Restarting"):
        return  # it reads its files when it starts
    code, stdout, stderr = host.docker.execute(NET_AGENT, argv)
    if code not in good:
        raise HostStateError(
            "{0} in {1}: {2}".format(argv[0], NET_AGENT, (stderr or stdout).strip() or "exit code {0}".format(code))
        )


def _wanted(host: Host, description: Optional[Mapping[str, Any]]) -> Dict[str, str]:
    if description is None:
        return {}
    wanted = plan.plan(description)
    texts = {os.path.join(host.mesh, path): text for path, text in wanted.files.items()}
    texts.update({_connection(host, peer): text for peer, text in wanted.peers.items()})
    return texts


def _present(host: Host) -> Dict[str, str]:
    directory = os.path.join(host.mesh, plan.CONNECTIONS)
    paths = [os.path.join(host.mesh, path) for path in (plan.SETTINGS, plan.CERTIFICATE, plan.CA)]
    if os.path.isdir(directory):
        paths += [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(_SUFFIX)]
    texts = {path: files.read(path) for path in paths}
    return {path: text for path, text in texts.items() if text is not None}


def _anew(present: Mapping[str, str], wanted: Mapping[str, str], changed: List[str], gone: List[str]) -> Set[str]:
    """Peers whose tunnel must be dropped: they left, or this host dials them and their address changed."""
    peers = {_peer(path) for path in gone if path.endswith(_SUFFIX)}
    peers.update(
        _peer(path)
        for path in changed
        if path.endswith(_SUFFIX) and path in present and plan.restarts(present[path], wanted[path])
    )
    return peers


def _connection(host: Host, peer: str) -> str:
    return os.path.join(host.mesh, plan.CONNECTIONS, peer + _SUFFIX)


def _peer(path: str) -> str:
    return os.path.basename(path)[: -len(_SUFFIX)]


def drift(host: Host) -> Look:
    """Check for files that the network agent has not loaded; nobody else writes them."""
    return lambda _wanted, _docker: bool(Pending(host.mesh).words())


KIND = Kind(
    "mesh",
    (MESH, PEER),
    plan.describe,
    apply,
    drift,
    (
        Path(DIRECTORY, 0o700),
        Path(DIRECTORY + "/conf.d"),
        Path(DIRECTORY + "/x509"),
        Path(DIRECTORY + "/x509ca"),
        Path(DIRECTORY + "/private", 0o700),
        Path(DIRECTORY + "/run"),
    ),
)
