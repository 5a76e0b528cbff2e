# SPDX-License-Identifier: Apache-2.0
"""The host to work on: the places of its files, and its Docker engine."""

from __future__ import annotations

import os

from ..plan.places import CHECK, DNS, DOCKER_SOCKET, MESH, METADATA, RESOLV, ROOT
from .docker import Engine
from .owner import Ledger


class Host:
    """Paths and clients. Tests give other paths; everything else uses the defaults."""

    def __init__(
        self, root: str = ROOT, docker_socket: str = DOCKER_SOCKET, resolv_conf: str = "/etc/resolv.conf"
    ) -> None:
        self.root = root
        self.resolv_conf = resolv_conf
        self.docker = Engine(docker_socket)
        self.ledger = Ledger(os.path.join(root, "host"))

    @property
    def mesh(self) -> str:
        """strongSwan's directory, mounted into ``orca-net`` as ``/etc/swanctl``."""
        return os.path.join(self.root, MESH)

    @property
    def dns(self) -> str:
        """The resolver's data, mounted into ``orca-dns``."""
        return os.path.join(self.root, DNS)

    @property
    def check(self) -> str:
        """The checker's configuration and sockets, mounted into ``orca-check``."""
        return os.path.join(self.root, CHECK)

    @property
    def metadata(self) -> str:
        """What the metadata service knows, mounted into ``orca-dns`` too."""
        return os.path.join(self.root, METADATA)

    @property
    def resolv(self) -> str:
        """One ``resolv.conf`` per managed container."""
        return os.path.join(self.root, RESOLV)
