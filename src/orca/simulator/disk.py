# SPDX-License-Identifier: Apache-2.0
"""The containers on all simulated hosts.

A real host's containers outlive the server; these lie in a file of their own beside the database: one JSON line for
each thing that happened, written at once. The file says how often each container was made, whatever the server knows.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from orca import wire

SHORTEN_AT = 200_000
"""Lines from which on the file is written anew at a start, with what is there now."""


class Line(msgspec.Struct, omit_defaults=True, rename="camel"):
    """One event: times in UTC milliseconds; everything but ``do``, ``uuid`` and ``at`` belongs to ``create``."""

    do: Literal["create", "start", "stop", "remove"]
    uuid: str
    at: int
    agent: int = 0
    external_id: str = ""
    name: str = ""
    image: str = ""
    address: str | None = None
    policy: str = ""


class Container(msgspec.Struct):
    """One container; ``policy`` names its restart policy, ``started`` is in UTC milliseconds."""

    uuid: str
    agent: int
    external_id: str
    name: str
    image: str
    address: str | None
    policy: str = ""
    started: int = 0
    running: bool = False

    def report(self) -> wire.Container:
        """The container as an agent tells of it."""
        return wire.Container(
            external_id=self.external_id,
            name=self.name,
            state="running" if self.running else "stopped",
            image=self.image,
            uuid=None if self.by_hand else self.uuid,
            exit_code=None if self.running else 0,
            started_at=self.started or None,
            address=self.address,
        )

    @property
    def by_hand(self) -> bool:
        """Whether somebody made it without the server; it has no uuid of ours then."""
        return self.uuid == self.external_id


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Line).decode


class Disk:
    """Containers by the uuid of their instance."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._containers: dict[str, Container] = {}
        self._file = -1

    def load(self) -> None:
        """Read the file. A line that a kill cut off did not happen."""
        lines = self._path.read_bytes().split(b"\n") if self._path.exists() else []
        for text in lines[:-1]:
            self._apply(_decode(text))
        if len(lines) > SHORTEN_AT:
            self._shorten()
        elif lines and lines[-1]:
            os.truncate(self._path, self._path.stat().st_size - len(lines[-1]))

    def get(self, uuid: str) -> Container | None:
        """The container of an instance."""
        return self._containers.get(uuid)

    def ensure(self, agent: int, wanted: wire.Instance) -> Container:
        """Have the container of an instance run; it is made when there is none."""
        container, now = self._containers.get(wanted.uuid), wire.now_ms()
        lines = []
        if container is None:
            lines.append(
                Line(
                    do="create",
                    uuid=wanted.uuid,
                    at=now,
                    agent=agent,
                    external_id=uuid.uuid4().hex,
                    name=wanted.name,
                    image=wanted.image,
                    address=wanted.address,
                    policy="" if wanted.restart_policy is None else wanted.restart_policy.name,
                )
            )
        if container is None or not container.running:
            lines.append(Line(do="start", uuid=wanted.uuid, at=now))
        self._happen(lines)
        return self._containers[wanted.uuid]

    def run_by_hand(self, agent: int, external_id: str) -> Container:
        """Somebody starts a container of that id without the server."""
        now = wire.now_ms()
        created = Line(do="create", uuid=external_id, at=now, agent=agent, external_id=external_id, name=external_id)
        self._happen([created, Line(do="start", uuid=external_id, at=now)])
        return self._containers[external_id]

    def has_image(self, agent: int, image: str) -> bool:
        """Whether an agent's hosts hold an image: those that containers there were made from."""
        return any(container.agent == agent and container.image == image for container in self._containers.values())

    def all(self) -> Iterable[Container]:
        """Every container."""
        return self._containers.values()

    def stop(self, uuid: str) -> None:
        """Stop a container; nothing when there is none, or it does not run."""
        container = self._containers.get(uuid)
        if container is not None and container.running:
            self._happen([Line(do="stop", uuid=uuid, at=wire.now_ms())])

    def end(self, uuid: str) -> Container | None:
        """A container ends by itself, with 0, and starts again where its policy says so; None when it does not run."""
        container, now = self._containers.get(uuid), wire.now_ms()
        if container is None or not container.running:
            return None
        lines = [Line(do="stop", uuid=uuid, at=now)]
        if container.policy in ("always", "unless-stopped"):
            lines.append(Line(do="start", uuid=uuid, at=now))
        self._happen(lines)
        return container

    def remove(self, uuid: str) -> None:
        """Take a container away; nothing when there is none."""
        if uuid in self._containers:
            self._happen([Line(do="remove", uuid=uuid, at=wire.now_ms())])

    def wipe(self, agent: int) -> None:
        """Take away everything of an agent that is gone for good."""
        self._happen(
            [
                Line(do="remove", uuid=container.uuid, at=wire.now_ms())
                for container in self._containers.values()
                if container.agent == agent
            ]
        )

    def _happen(self, lines: list[Line]) -> None:
        if not lines:
            return
        if self._file < 0:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.write(self._file, _text(lines))
        for line in lines:
            self._apply(line)

    def _apply(self, line: Line) -> None:
        if line.do == "create":
            self._containers[line.uuid] = Container(
                line.uuid, line.agent, line.external_id, line.name, sys.intern(line.image), line.address, line.policy
            )
            return
        container = self._containers.get(line.uuid)
        if container is None:
            return
        if line.do == "remove":
            del self._containers[line.uuid]
        else:
            container.running = line.do == "start"
            container.started = line.at if container.running else container.started

    def _shorten(self) -> None:
        lines = []
        for container in self._containers.values():
            lines.append(
                Line(
                    do="create",
                    uuid=container.uuid,
                    at=container.started,
                    agent=container.agent,
                    external_id=container.external_id,
                    name=container.name,
                    image=container.image,
                    address=container.address,
                    policy=container.policy,
                )
            )
            if container.running:
                lines.append(Line(do="start", uuid=container.uuid, at=container.started))
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(_text(lines))
        fresh.replace(self._path)


def _text(lines: Iterable[Line]) -> bytes:
    return b"".join(_encode(line) + b"\n" for line in lines)
