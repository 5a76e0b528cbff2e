# SPDX-License-Identifier: Apache-2.0
"""What HAProxy says about one server, and the words for it. Pure.

Format of ``option log-health-checks`` of HAProxy 3.0 (check.c, ``set_server_check_status``), and of ``show stat``.
"""

import csv
import re
from dataclasses import dataclass

from orca.hoststate.plan.haproxy import Server

_LINE = re.compile(
    r"Health check for server (?P<backend>\S+)/(?P<name>\S+) (?P<result>succeeded|failed|conditionally succeeded)"
    r", reason: (?P<reason>[^,]+?)(?:, code: (?P<code>\d+))?(?:, info: \"(?P<info>.*?)\")?"
    r"(?:, check duration: (?P<duration>\d+)ms)?, status: \d+/\d+ (?P<state>UP|DOWN)\.\s*",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Said:
    """A server is up or down; ``reason`` is why the last check failed, empty if it did not."""

    server: Server
    up: bool
    reason: str


def read_line(line: str) -> Said | None:
    """Read a line of the log; None if it decides nothing.

    That is so for other lines, for the first good checks of a server that is down, and if HAProxy has no sockets left.
    """
    found = _LINE.fullmatch(line)
    if found is None or found["reason"] == "Socket error":
        return None
    up = found["state"] == "UP"
    if not up and found["result"] != "failed":
        return None
    reason = "" if up else words(found["reason"], found["code"] or "", found["info"] or "", found["duration"] or "")
    return Said(Server(found["backend"], found["name"]), up, reason)


def read_statistics(answer: str) -> str:
    """Return why the last check of a server failed, from the answer to ``show stat`` about it; empty if it has none."""
    for row in csv.DictReader(answer.removeprefix("# ").split("\n")):
        return words(row["check_desc"], row["check_code"], row["last_chk"], row["check_duration"])
    return ""


def words(reason: str, code: str, info: str, duration: str) -> str:
    """Say why a check failed, for people.

    Args:
        reason: HAProxy's own, such as ``Layer4 connection problem``.
        code: status of an HTTP answer, or empty.
        info: what it adds, such as ``Connection refused``, or empty.
        duration: milliseconds that the check took, or empty.
    """
    if "timeout" in reason:
        return f"timeout after {int(duration or 0) / 1000:.1f} s".replace(".0 s", " s")
    if reason == "Layer7 wrong status":
        return f"HTTP {code}"
    if reason == "Layer7 invalid response":
        return f"no HTTP answer: {info}" if info else "no HTTP answer"
    return info[:1].lower() + info[1:] if info else reason
