# SPDX-License-Identifier: Apache-2.0
"""The containers on all simulated hosts.

A real host's containers outlive the server. These lie in a file of their own beside the database: one JSON line for
each change, written at once. The file shows how often each container was made, whatever the server knows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import msgspec

from orca.simulator.host import Change, Room

SHORTEN_AT = 200_000
"""A file with more lines than this is written anew at the server's start, with present containers only."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Change).decode


class Disk:
    """The rooms of simulated agents, by the agents' ids; the hosts of one agent share a room."""

    def __init__(self, path: Path) -> None:
        self.rooms: dict[int, Room] = {}
        self._path = path
        self._file = -1

    def load(self) -> None:
        """Read the file. A last line without its end, from a killed server, does not count."""
        lines = self._path.read_bytes().split(b"\n") if self._path.exists() else []
        owners: dict[str, Room] = {}
        for text in lines[:-1]:
            change = _decode(text)
            if change.do == "create":
                owners[change.uuid] = self.room(change.agent)
            if change.uuid in owners:
                owners[change.uuid].apply(change)
        if len(lines) > SHORTEN_AT:
            self._shorten()
        elif lines and lines[-1]:
            os.truncate(self._path, self._path.stat().st_size - len(lines[-1]))

    def room(self, agent: int) -> Room:
        """The room of an agent; a new one is empty."""
        room = self.rooms.get(agent)
        if room is None:
            room = self.rooms[agent] = Room(partial(self._write, agent))
        return room

    def wipe(self, agent: int, now: int) -> None:
        """Remove all containers of an agent that is gone for good."""
        room = self.rooms.pop(agent, Room())
        for container in list(room.containers.values()):
            room.remove(container, now)

    def _write(self, agent: int, change: Change) -> None:
        if self._file < 0:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if change.do == "create":
            change.agent = agent
        os.write(self._file, _text([change]))

    def _shorten(self) -> None:
        lines = []
        for agent, room in self.rooms.items():
            for container in room.containers.values():
                created, *rest = container.changes()
                created.agent = agent
                lines += [created, *rest]
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(_text(lines))
        fresh.replace(self._path)


def _text(lines: Iterable[Change]) -> bytes:
    return b"".join(_encode(line) + b"\n" for line in lines)
