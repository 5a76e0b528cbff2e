# SPDX-License-Identifier: Apache-2.0
"""HAProxy's runtime socket without I/O: commands as bytes, answers from bytes.

Two shells do the I/O: ``apply.haproxy`` blocks, ``orca.agent.checks.runtime`` does not. One connection serves one
line of commands; HAProxy closes it after the last answer. Each answer ends with an empty line.

Reference: https://docs.haproxy.org/3.0/management.html#9.3
"""

from __future__ import annotations

import csv
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, TypeVar

from .plan.haproxy import Server

T = TypeVar("T")

#: Bytes of one line of commands; HAProxy's own buffer has 16 KiB.
LINE_BYTES = 8192

#: What it answers to commands of ours that worked, or how that begins. The map's entry may be gone already.
_GOOD = ("", "New server registered.", "Server deleted.", "Key not found.")
_GOOD_BEGINNINGS = ("New empty certificate store", "Transaction ", "Certificate '", "Entry '", "New version created: ")
_SUCCESS = "Success!"

STATES = "show servers state"
ALIVE = "show version"

#: Values of srv_check_status: nothing is known yet, checks have not begun, HAProxy itself could not open a socket.
_UNCHECKED = ("0", "1", "5")
_RUNNING = "2"  # value of srv_op_state
_MAINTENANCE = 0x01  # of srv_admin_state: by command


class ProtocolError(ValueError):
    """The received bytes are not as many answers as there were commands, or an answer has another form."""


class State(NamedTuple):
    """A server's state. ``settled``: checks have decided it; it is neither new, nor about to come up."""

    number: int
    up: bool
    settled: bool


class Live(NamedTuple):
    """How a server takes part. ``maintained``: it gets nothing new, by command."""

    weight: int
    maintained: bool


def lines(commands: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield commands in groups, each of which fits one line."""
    group: List[str] = []
    size = 0
    for command in commands:
        length = len(command.encode("utf-8")) + 1
        if group and size + length > LINE_BYTES:
            yield group
            group, size = [], 0
        group.append(command)
        size += length
    if group:
        yield group


def encode(commands: Sequence[str]) -> bytes:
    """The bytes of one line of commands."""
    return ";".join(commands).encode("utf-8") + b"\n"


def decode(data: bytes, count: int) -> List[str]:
    """The answers to ``count`` commands, each without its end.

    :raises ProtocolError: there are fewer or more.
    """
    answers: List[str] = []
    current: List[str] = []
    for line in data.decode("utf-8", "replace").split("\n")[:-1]:
        if line:
            current.append(line)
        else:
            answers.append("\n".join(current))
            current = []
    if current or len(answers) != count:
        raise ProtocolError("{0} answers to {1} commands".format(len(answers), count))
    return answers


def worked(answer: str) -> bool:
    """True if a command of ours worked, by its answer."""
    said = answer.strip()
    return said in _GOOD or said.startswith(_GOOD_BEGINNINGS) or said.endswith(_SUCCESS)


def states(answer: str) -> Dict[Server, State]:
    """The servers of all backends, from the answer to ``STATES``.

    :raises ProtocolError: it has another form.
    """
    return _servers(answer, _state)


def live(answer: str) -> Dict[Server, Live]:
    """How the servers of all backends take part, from the answer to ``STATES``.

    :raises ProtocolError: it has another form.
    """
    return _servers(answer, _live)


def variable(answer: str) -> Optional[str]:
    """The value of a variable, from the answer to ``show env NAME``; ``None``: it has none."""
    _name, equals, value = answer.strip().partition("=")
    return value if equals else None


def _servers(answer: str, read: Callable[[Dict[str, str]], T]) -> Dict[Server, T]:
    version, _line, table = answer.partition("\n")
    rows = csv.DictReader(table.lstrip("# ").split("\n"), delimiter=" ")
    if version.strip() != "1":
        raise ProtocolError("version {0!r} of the servers' states is not known".format(version))
    try:
        return {Server(row["be_name"], row["srv_name"]): read(row) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise ProtocolError("the servers' states have another form: {0}".format(error)) from error


def _live(row: Dict[str, str]) -> Live:
    return Live(int(row["srv_uweight"]), bool(int(row["srv_admin_state"]) & _MAINTENANCE))


def _state(row: Dict[str, str]) -> State:
    up, passed = row["srv_op_state"] == _RUNNING, int(row["srv_check_health"])
    maintained = int(row["srv_admin_state"]) & _MAINTENANCE
    checked = row["srv_check_status"] not in _UNCHECKED
    return State(int(row["srv_id"]), up, settled=checked and not maintained and (up or not passed))
