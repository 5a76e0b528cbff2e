# SPDX-License-Identifier: Apache-2.0
"""What HAProxy says about targets, its processes and a configuration. Pure; in the form of HAProxy 3.0."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from orca.agent.checks import words
from orca.hoststate.plan import balancer
from orca.hoststate.plan.balancer_text import CANDIDATE
from orca.hoststate.plan.haproxy import Server
from orca.wire import TargetFigures, TargetState

STATISTICS = "show stat -1 4 -1"  # of servers only
STOPPED = re.compile(r"Proxy \S+ stopped ")
"""The process has begun to end."""
STATE, STOPPING = "show info", "\nStopping: 1\n"
PROCESSES = "# workers"
"""Stands in every answer of the master about its processes."""

_LINE = re.compile(
    r"Server (?P<backend>[^\s/]+)/(?P<name>\S+) is (?P<state>UP|DOWN), reason: (?P<reason>[^,]+?)"
    r"(?:, code: (?P<code>\d+))?(?:, info: \"(?P<info>.*?)\")?(?:, check duration: (?P<duration>\d+)ms)?\. .*",
    re.DOTALL,
)
_ALERT = re.compile(r"\[ALERT\]\s+\(\d+\) : (?:config : )?(?P<words>.+)")
_PARSED = re.compile(r"parsing \[[^\]]*/" + re.escape(CANDIDATE) + r":(?P<line>\d+)\] : (?P<words>.+)")
_SUMMARIES = ("Error(s) found in configuration file", "Fatal errors found in configuration")


@dataclass(frozen=True, slots=True)
class Edge:
    """A target's own check changed its mind; ``reason`` is the last failure, or empty."""

    server: Server
    up: bool
    reason: str


def read_line(line: str) -> Edge | None:
    """Read a line of the log; None if it says nothing about a check."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        return None
    up = found["state"] == "UP"
    reason = "" if up else words(found["reason"], found["code"] or "", found["info"] or "", found["duration"] or "")
    return Edge(Server(found["backend"], found["name"]), up, reason)


def rows(answer: str) -> Iterator[tuple[Server, dict[str, str]]]:
    """The targets in the answer to ``STATISTICS``."""
    for row in csv.DictReader(answer.removeprefix("# ").strip().split("\n")):
        server = Server(row["pxname"], row["svname"])
        if balancer.target_of(server) is not None:
            yield server, row


def edge(server: Server, row: dict[str, str]) -> Edge:
    """What a row of ``STATISTICS`` says about a target's check."""
    up = not row["status"].startswith("DOWN")
    reason = "" if up else words(row["check_desc"], row["check_code"], row["last_chk"], row["check_duration"])
    return Edge(server, up, reason)


def figures(row: dict[str, str]) -> TargetFigures:
    """What a row of ``STATISTICS`` says about a target."""
    answers = [row[f"hrsp_{each}"] for each in ("1xx", "2xx", "3xx", "4xx", "5xx", "other")]
    return TargetFigures(
        state=_state(row["status"]),
        sessions=_number(row["scur"]),
        requests=sum(map(_number, answers)) if any(answers) else _number(row["stot"]),
        errors=_number(row["econ"]) + _number(row["eresp"]),
        bytes_in=_number(row["bin"]),
        bytes_out=_number(row["bout"]),
    )


def sessions(row: dict[str, str]) -> int:
    """How many requests or connections of a target are open."""
    return _number(row["scur"])


def former_workers(answer: str) -> list[int]:
    """The process ids of workers that were replaced, from the master's answer to ``show proc``."""
    _, _, former = answer.partition("# old workers")
    return [int(words[0]) for words in map(str.split, former.splitlines()) if words[1:2] == ["worker"]]


def sessions_of(answer: str, server: Server) -> list[str]:
    """The sessions of a target, from a worker's answer to ``show sess``."""
    mark = re.compile(rf" be={re.escape(server.backend)} srv={re.escape(server.name)} ")
    return [line.partition(":")[0] for line in answer.splitlines() if mark.search(line)]


def refusal(output: str) -> tuple[str, int | None]:
    """Why HAProxy refuses a candidate, and the first line of it that is named; from what ``haproxy -c`` wrote."""
    found = [alert["words"].strip() for alert in _ALERT.finditer(output)]
    alerts = [each for each in found if not each.startswith(_SUMMARIES)]
    lines = [parsed for parsed in map(_PARSED.match, alerts) if parsed]
    reasons = [parsed["words"] if (parsed := _PARSED.match(each)) else each for each in alerts]
    return "; ".join(reasons) or output.strip() or "no reason given", int(lines[0]["line"]) if lines else None


def _state(status: str) -> TargetState:
    if status.startswith(("MAINT", "DRAIN")):
        return "drain"
    return "down" if status.startswith("DOWN") else "up"


def _number(text: str) -> int:
    return int(text or 0)
