# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module asks of others, in order, as data: requests to the API, to a Docker engine, commands, greetings."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY
from urllib.parse import parse_qsl, urlsplit

REFUSED, CUT = "CONNECT", 0
"""The method of a connection that is refused, and the status of one that is cut."""
KEYS = ("access", "the-secret-key")
SERVER, REGISTRY = "http://orca.test:8080", "registry.test:5000"


class Holds:
    """Equal to every document with these parts, however deep; the others are the Docker SDK's affair."""

    def __init__(self, **parts: Any) -> None:
        self.parts = parts

    def __eq__(self, document: object) -> bool:
        return _holds(self.parts, document)

    def __hash__(self) -> int:
        return hash(tuple(self.parts))

    def __repr__(self) -> str:
        return f"Holds({self.parts!r})"


def _holds(parts: Any, document: Any) -> bool:
    if isinstance(parts, dict) and isinstance(document, dict):
        return all(name in document and _holds(part, document[name]) for name, part in parts.items())
    return bool(parts == document)


@dataclass(frozen=True)
class Call:
    """One expected request and its answer.

    `body` is what the request must bring, decoded (for a command: its standard input). `answer` is a document, a text,
    bytes, or a function that makes one of the host's root. `status` of a command is its exit code. `writes` are files
    that the call leaves, path below the root to text.
    """

    channel: str
    method: str
    path: str
    answer: Any = None
    status: int = 200
    body: Any = None
    authorization: str | None = None
    writes: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.channel}: {self.method} {self.path}".rstrip()

    def content(self, root: Path) -> bytes:
        """The bytes of the answer."""
        answer = self.answer(root) if callable(self.answer) else self.answer
        if isinstance(answer, bytes):
            return answer
        if answer is None:
            return b""
        return (answer if isinstance(answer, str) else json.dumps(answer)).encode()


def basic(access: str, secret: str) -> str:
    """The header of a request with this key."""
    return "Basic " + base64.b64encode(f"{access}:{secret}".encode()).decode()


def api(method: str, path: str, answer: Any = None, **more: Any) -> Call:
    """A request to the server's API, with the key of the options; the query may come in any order."""
    return Call("api", method, path, answer, **{"authorization": basic(*KEYS), **more})


def refused(channel: str = "api", *, always: bool = False) -> Call:
    """An attempt to connect that is refused, as while a server restarts; or one after another until the end."""
    return Call(channel, REFUSED, "always" if always else "once")


def cut(call: Call) -> Call:
    """The same request, whose connection is cut before the answer."""
    return replace(call, status=CUT)


def engine(method: str, path: str, answer: Any = None, **more: Any) -> Call:
    """A request to the Docker engine, without its version; the query counts where the path has one."""
    return Call("engine", method, path, answer, **{"body": ANY if method == "POST" else None, **more})


def registry(method: str, path: str, answer: Any = None, **more: Any) -> Call:
    """A request to the registry, over HTTPS."""
    return Call("registry", method, path, answer, **more)


def ran(container: str, shell: str, said: str) -> list[Call]:
    """The requests with which the Docker engine runs a shell command in a container, and its standard output."""
    frame = struct.pack(">BxxxL", 1, len(said.encode())) + said.encode()
    return [
        engine("POST", f"/containers/{container}/exec", {"Id": "e1"}, body=Holds(Cmd=["sh", "-c", shell])),
        engine("POST", "/exec/e1/start", frame),
    ]


def greeting(address: str, said: str = "SSH-2.0-OpenSSH_9.2") -> Call:
    """A connection to port 22 of an address, and what is said there first."""
    return Call("ssh", "", address, said)


def command(line: str, stdout: str = "", **more: Any) -> Call:
    """A program run on the host; `{root}` in its arguments is the host's root."""
    return Call("command", "", line, stdout, **{"status": 0, "body": "", **more})


class Conversation:
    """Compares what is asked with what is expected; `check` raises what was found wrong."""

    def __init__(self, calls: Sequence[Call], root: Path) -> None:
        self._expected = list(calls)
        self.root = root
        self._faults: list[str] = []

    def expects(self, channel: str) -> bool:
        """True if a call of this channel is still to come."""
        return any(call.channel == channel for call in self._expected)

    def refuses(self, channel: str) -> bool:
        """True if the next thing expected is an attempt to connect that is refused, which is over then."""
        refuses = bool(self._expected) and (self._expected[0].channel, self._expected[0].method) == (channel, REFUSED)
        if refuses and self._expected[0].path == "once":
            self._expected.pop(0)
        return refuses

    def hear(self, channel: str, method: str, path: str, body: Any, authorization: str | None = None) -> Call | None:
        """The call that this request is; None if another was expected, which is written down."""
        asked = f"{channel}: {method} {path}".rstrip()
        call = self._expected[0] if self._expected else None
        if call is None or (call.channel, call.method) != (channel, method) or not _same_path(call, path):
            self._faults.append(f"not expected: {asked}; expected was {call or 'nothing more'}")
            return None
        self._expected.pop(0)
        if call.body != body:
            self._faults.append(f"{asked} brought {body!r}; expected was {call.body!r}")
        if call.authorization != authorization:
            self._faults.append(f"{asked} came with the key {authorization!r}; expected was {call.authorization!r}")
        for name, text in call.writes.items():
            (self.root / name).write_text(text)
        return call

    def check(self) -> None:
        """Raises AssertionError unless exactly the expected calls were made, as expected."""
        assert not self._faults, "\n".join(self._faults)
        left = [call for call in self._expected if (call.method, call.path) != (REFUSED, "always")]
        assert not left, "not made: " + "; ".join(map(str, left))


def _same_path(call: Call, path: str) -> bool:
    if call.channel == "command":
        return call.path == path
    wanted, asked = urlsplit(call.path), urlsplit(path)
    if call.channel == "engine" and not wanted.query:
        return wanted.path == asked.path
    return (wanted.path, sorted(parse_qsl(wanted.query))) == (asked.path, sorted(parse_qsl(asked.query)))
