# SPDX-License-Identifier: Apache-2.0
"""The wanted state of each managed container, on the host's disk: one small file per container."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from orca.agent.identity import write_private
from orca.wire import RestartPolicy

_log = logging.getLogger(__name__)


class Wanted(msgspec.Struct, frozen=True, rename="camel"):
    """``running``: the last command was to run it; ``restarts``: the agent's restarts since that command.

    ``fenced``: it must never run on two hosts.
    """

    running: bool
    policy: RestartPolicy = msgspec.field(default_factory=RestartPolicy)
    restarts: int = 0
    fenced: bool = False


class WantedStates:
    """The wanted states by the containers' uuids. ``set`` takes effect at once, and outlives the agent after
    ``save``.
    """

    def __init__(self, directory: Path) -> None:
        """Args: the directory of the files, made when it is first needed."""
        self._directory = directory
        self._states: dict[str, Wanted] = {}
        self._unsaved: set[str] = set()
        self._writing = asyncio.Lock()

    def load(self) -> None:
        """Read the files; a damaged one is logged and counts as absent."""
        for path in self._directory.glob("*.json"):
            try:
                self._states[path.stem] = msgspec.json.decode(path.read_bytes(), type=Wanted)
            except msgspec.DecodeError as error:
                _log.error("%s is damaged (%s); the server will send the wanted state", path, error)

    def get(self, uuid: str) -> Wanted | None:
        """Return the wanted state of a container, None if there is none."""
        return self._states.get(uuid)

    def snapshot(self) -> Mapping[str, Wanted]:
        """Return all states as they are now."""
        return dict(self._states)

    def set(self, uuid: str, wanted: Wanted) -> None:
        """Change the wanted state of a container."""
        if self._states.get(uuid) != wanted:
            self._states[uuid] = wanted
            self._unsaved.add(uuid)

    def drop(self, uuid: str) -> None:
        """The container is gone."""
        if self._states.pop(uuid, None) is not None:
            self._unsaved.add(uuid)

    async def save(self, uuid: str) -> None:
        """Write the newest state to the file."""
        async with self._writing:
            if uuid in self._unsaved:
                self._unsaved.discard(uuid)
                await asyncio.to_thread(self._write, uuid, self._states.get(uuid))

    async def keep(self, present: Collection[str | None], before: Mapping[str, Wanted]) -> None:
        """Drop containers that are not ``present``, unless their state changed since ``before``."""
        for uuid, wanted in before.items():
            if uuid not in present and self._states.get(uuid) is wanted:
                self.drop(uuid)
                await self.save(uuid)

    def _write(self, uuid: str, wanted: Wanted | None) -> None:
        path = self._directory / f"{uuid}.json"
        if wanted is None:
            path.unlink(missing_ok=True)
        else:
            write_private(path, msgspec.json.encode(wanted).decode())
