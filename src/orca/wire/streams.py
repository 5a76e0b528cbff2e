# SPDX-License-Identifier: Apache-2.0
"""Streams: what the server asks an agent to show, each over a WebSocket of its own (docs/architecture/wire.md).

``stream.open`` comes over the command socket; the agent dials ``STREAM_PATH`` with the ticket for the frames. So a slow
viewer, or a long log, holds up only its own connection.
"""

import re
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

from .commands import Message
from .event import WireError

STREAM_PATH: Final = "connectbackend"
"""The path below the API's base; its query parameter is ``ticket``."""

MAX_FRAME: Final = 1 << 20
"""Bytes of one frame of a stream, either way."""


_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(timestamp: str) -> int:
    """A timestamp of RFC 3339 in UTC, with up to nine digits of a second, as nanoseconds since 1970.

    Raises:
        WireError: it is none.
    """
    match = _TIMESTAMP.fullmatch(timestamp)
    try:
        if match is None:
            raise ValueError(timestamp)
        whole = datetime.fromisoformat(f"{match[1]}+00:00") - _EPOCH
    except ValueError:
        raise WireError(f"not a time like 2026-01-31T12:00:00.123456789Z: {timestamp!r}") from None
    return (whole.days * 86_400 + whole.seconds) * 1_000_000_000 + int((match[2] or "").ljust(9, "0"))


class HostStats(Message, tag="hostStats", tag_field="kind"):
    """Statistics of the host, once a second; ``resource_id`` is the host's id on the frames.

    ``raw``: the older form, one object per frame without id.
    """

    resource_id: str
    raw: bool = False


class ContainerStats(Message, tag="containerStats", tag_field="kind"):
    """Statistics of running containers, once a second; ``containers`` maps Docker's ids to those on the frames."""

    containers: dict[str, str]
    raw: bool = False


class LogMark(Message):
    """The last frame of a log that a viewer has: its first two words, and how many frames with these words came."""

    kind: str
    timestamp: str
    count: int = 1


class ContainerLogs(Message, tag="logs", tag_field="kind"):
    """The lines of a container's log, each a frame ``<nn> <timestamp> <text>``.

    ``lines``: how many of the last ones to begin with, None for all. ``since``: a timestamp to begin at. ``after``: a
    frame to go on after.
    """

    container: str
    follow: bool = True
    lines: int | None = None
    since: str | None = None
    after: LogMark | None = None


class ContainerExec(Message, tag="exec", tag_field="kind"):
    """A command in a running container; frames are base64 both ways, see ``ExecMessage``."""

    container: str
    command: list[str]
    tty: bool = True
    attach_stdin: bool = True
    attach_stdout: bool = True


StreamSource: TypeAlias = HostStats | ContainerStats | ContainerLogs | ContainerExec


class OpenStream(Message):
    """Data of ``stream.open``; the reply, with empty data, comes when the agent's WebSocket is open.

    ``ticket`` is valid for one connection of this agent.
    """

    ticket: str
    source: StreamSource


class ExecMessage(Message):
    """What a viewer says besides its input: a text frame that begins with ``{``, which base64 never does.

    ``width`` and ``height`` are the terminal's size in characters; ``eof`` ends the input.
    """

    width: int | None = None
    height: int | None = None
    eof: bool = False


def parse_exec_message(frame: str) -> ExecMessage | None:
    """The message in a frame; None if the frame is not a message of that form."""
    try:
        return msgspec.json.decode(frame, type=ExecMessage)
    except msgspec.DecodeError:
        return None
