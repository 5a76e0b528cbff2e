# SPDX-License-Identifier: GPL-3.0-or-later
"""What every machine driver offers, in terms that hold for a container here and a server in a cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence


class MachineError(Exception):
    """A machine cannot be made, found or removed; the message is for the person who asked for it."""


@dataclass(frozen=True)
class Spec:
    """A wanted machine. ``memory`` is in bytes, ``cpus`` counts cores; None leaves a limit as it is."""

    name: str
    image: str
    memory: Optional[int] = None
    cpus: Optional[float] = None
    address: Optional[str] = None
    labels: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Machine:
    """A machine that exists. ``state`` is ``running`` or ``stopped``; what is only known of a running one is None."""

    name: str
    id: str
    state: str
    image: str
    memory: Optional[int] = None
    cpus: Optional[float] = None
    address: Optional[str] = None
    host_key: Optional[str] = None  # type and base64 of its public SSH host key, read on the machine itself
    authorized: bool = False  # it lets the login key asked about in
    docker_cgroup_parent: str = ""  # what Docker inside it must use as cgroup-parent; empty: its default


class Driver:
    """The machines of one kind. Every call may be made from several threads at once, for different machines."""

    name: str

    def find(self, names: Sequence[str]) -> Dict[str, Machine]:
        """Those of the named machines that exist; ``host_key`` and ``authorized`` are not looked up.

        Raises:
            MachineError: the driver cannot be reached, or a name is taken by something that is not a machine.
        """
        raise NotImplementedError

    def prepare(self, specs: Sequence[Spec], check: bool) -> bool:
        """Make what machines share (a network) before those of ``specs`` are created; True when that changes anything.

        ``check`` only looks.

        Raises:
            MachineError: one of ``specs`` cannot be made; nothing has been changed then.
        """
        raise NotImplementedError

    def differences(self, spec: Spec, have: Machine) -> List[str]:
        """Which fields of a machine that exists are to be changed; those used only at its creation do not count."""
        raise NotImplementedError

    def create(self, spec: Spec, public_key: str) -> Machine:
        """Make a machine that lets ``public_key`` log in as root, wait until it does; leaves nothing if that fails."""
        raise NotImplementedError

    def update(self, spec: Spec, have: Machine, public_key: str) -> Machine:
        """Start a machine that exists, give it the limits of ``spec``, let ``public_key`` in; wait for it."""
        raise NotImplementedError

    def look(self, have: Machine, public_key: str) -> Machine:
        """A running machine with ``host_key`` and ``authorized`` looked up."""
        raise NotImplementedError

    def remove(self, have: Machine) -> None:
        """Remove a machine and all it kept."""
        raise NotImplementedError

    def clean_up(self, check: bool) -> bool:
        """Remove what machines shared once nobody uses it; True when that changes anything. ``check`` only looks."""
        raise NotImplementedError
