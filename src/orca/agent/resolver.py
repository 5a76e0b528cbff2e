# SPDX-License-Identifier: Apache-2.0
"""The ``resolv.conf`` of each managed container, a file of the host that is bind-mounted at create."""

from collections.abc import Sequence
from pathlib import Path

from orca.hoststate.apply import files
from orca.hoststate.plan.dns import resolv_conf


class Resolver:
    """The directory of these files; each is named after its instance's uuid."""

    def __init__(self, directory: Path) -> None:
        """Args: the directory, the same path on the host and in the agent's container."""
        self._directory = directory

    def path(self, uuid: str) -> Path:
        """Return where the file of instance ``uuid`` lies."""
        return self._directory / uuid

    def write(self, uuid: str, search: Sequence[str], servers: Sequence[str]) -> None:
        """Write the file; ``servers`` come after our own.

        It must exist before the container is created, or Docker makes a directory in its place.
        """
        self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        files.write(str(self.path(uuid)), resolv_conf(search, servers))

    def remove(self, uuid: str) -> None:
        """Remove the file; a missing one is no error."""
        self.path(uuid).unlink(missing_ok=True)
