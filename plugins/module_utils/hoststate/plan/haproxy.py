# SPDX-License-Identifier: Apache-2.0
"""HAProxy as text: sections of a configuration, and commands for its runtime socket.

What changes often (servers, entries of maps) changes at run time. Only other sections need another configuration.

Reference, and tried on: HAProxy 3.0.11, https://docs.haproxy.org/3.0/management.html#9.3
"""

from __future__ import annotations

import re
from typing import List, NamedTuple, Sequence, Tuple

_NAME = re.compile(r"[A-Za-z0-9_.:-]+\Z")
_ESCAPED = re.compile(r"([\\; ])")


class Section(NamedTuple):
    """One section of a configuration, e.g. ``Section("backend web", ("mode http",))``."""

    head: str
    lines: Sequence[str]


class Server(NamedTuple):
    """The place of a server: the name of its backend, and its own."""

    backend: str
    name: str

    def __str__(self) -> str:
        return "{0}/{1}".format(name(self.backend), name(self.name))


class Map(NamedTuple):
    """A map with an empty file: it is filled at run time, and empty again after HAProxy's start.

    3.0.11 does not share maps without a file (``virt@``, ``opt@``) between backends.
    """

    path: str

    def look_up(self, key: str) -> str:
        """The value for an expression, as a log format."""
        return "%[{0},map({1})]".format(key, self.path)

    def put(self, key: str, value: str) -> str:
        """The command that adds an entry; an entry that is there stays beside it."""
        return "add map {0} {1} {2}".format(self.path, name(key), word(value))

    def drop(self, key: str) -> str:
        """The command that removes an entry."""
        return "del map {0} {1}".format(self.path, name(key))


def configuration(sections: Sequence[Section]) -> str:
    """The text of a configuration."""
    texts = (
        "".join([section.head + "\n"] + ["  {0}\n".format(line) for line in section.lines]) for section in sections
    )
    return "\n".join(texts)


def add_server(
    server: Server, address: str, port: int, options: Sequence[str] = (), trusted: bool = False
) -> List[str]:
    """The commands that add a server. It takes part at once, and its checks begin.

    Servers that are added at run time take nothing from ``default-server``: ``options`` are all that they have.

    A new server counts as up although nobody has checked it. Told to be down, it has to rise first, unless it is
    ``trusted`` to be up.
    """
    commands = ["add server {0} {1}:{2}{3}".format(server, address, int(port), "".join(" " + each for each in options))]
    commands.append("enable server {0}".format(server))
    if "check" in options:
        commands.append("enable health {0}".format(server))
        if not trusted:
            commands.append("set server {0} health down".format(server))
    return commands


def remove_server(server: Server) -> List[str]:
    """The commands that remove a server without connections. HAProxy refuses the last one while there are some."""
    return ["set server {0} state maint".format(server), "del server {0}".format(server)]


def check_options(interval: int, rise: int, fall: int) -> Tuple[str, ...]:
    """Options of a server with a check every ``interval`` ms; ``rise`` good or ``fall`` bad ones change its state."""
    return ("check", "inter {0}ms".format(int(interval)), "rise {0}".format(int(rise)), "fall {0}".format(int(fall)))


def word(text: str) -> str:
    """One word of a command, whatever it holds.

    :raises ValueError: it holds a control character, which no command can.
    """
    if not text or not text.isprintable():
        raise ValueError("{0!r} cannot be a word of a command".format(text))
    return _ESCAPED.sub(r"\\\1", text)


def name(text: str) -> str:
    """Return ``text`` if it can be the name of a backend, a server or an entry.

    :raises ValueError: it cannot.
    """
    if not _NAME.match(text):
        raise ValueError("{0!r} is not a name for HAProxy".format(text))
    return text
