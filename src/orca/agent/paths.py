# SPDX-License-Identifier: Apache-2.0
"""Where the agent keeps things on its host (docs/architecture/host.md)."""

from dataclasses import dataclass
from pathlib import Path

from orca.hoststate.plan import checks, metadata
from orca.hoststate.plan.places import CHECK, MESH, METADATA, RESOLV, ROOT

DEFAULT_ROOT = Path(ROOT)


@dataclass(frozen=True, slots=True)
class Paths:
    """The agent's files below ``root``.

    ``root`` must be mounted in the agent's container at the same path as on the host: Docker resolves the bind mounts
    that the agent asks for (``resolv``) in the host's file system.
    """

    root: Path = DEFAULT_ROOT

    @property
    def agent(self) -> Path:
        """The directory of the agent's own secrets, mode 0700."""
        return self.root / "agent"

    @property
    def identity(self) -> Path:
        """``{uuid}``: who this host is, made once."""
        return self.agent / "identity.json"

    @property
    def credentials(self) -> Path:
        """``{url, accessKey, secretKey, caSha256}``: the result of registration."""
        return self.agent / "credentials.json"

    @property
    def ca(self) -> Path:
        """The one certificate authority the agent trusts."""
        return self.agent / "ca.pem"

    @property
    def registration(self) -> Path:
        """One line, the registration URL; removed once used."""
        return self.agent / "registration"

    @property
    def status(self) -> Path:
        """``{state, message, since}``: what the agent is doing, for people and for the role that installs it."""
        return self.agent / "status.json"

    @property
    def wanted(self) -> Path:
        """The directory of the wanted state of each managed container: ``<uuid>.json``."""
        return self.agent / "wanted"

    @property
    def vici(self) -> Path:
        """The control socket of charon in ``orca-net``."""
        return self.root / MESH / "run" / "charon.vici"

    @property
    def checker_commands(self) -> Path:
        """The socket of HAProxy in ``orca-check`` for commands."""
        return self.root / CHECK / checks.COMMANDS

    @property
    def metadata_feed(self) -> Path:
        """The socket of the metadata service in ``orca-dns``."""
        return self.root / METADATA / metadata.FEED

    @property
    def resolv(self) -> Path:
        """The directory of the managed containers' ``resolv.conf`` files."""
        return self.root / RESOLV
