# SPDX-License-Identifier: Apache-2.0
"""What a running balancer has to be told: the difference between its servers, maps and certificates and the wanted."""

from __future__ import annotations

from typing import List, Mapping, Sequence, Tuple

from ..haproxy_api import Live
from . import haproxy
from .balancer import Target
from .haproxy import Server


def servers(wanted: Mapping[Server, Target], present: Mapping[Server, Live]) -> List[str]:
    """The commands for targets. One that is not wanted gets nothing new; its connections end before it is removed."""
    commands: List[str] = []
    for server, target in wanted.items():
        now = present.get(server)
        if now is None:
            commands += target.add()
            continue
        if now.weight != target.weight:
            commands.append("set server {0} weight {1}".format(server, target.weight))
        if now.maintained == target.ready:
            commands.append("set server {0} state {1}".format(server, "ready" if target.ready else "maint"))
    for server in leaving(wanted, present):
        if not present[server].maintained:
            commands.append("set server {0} state maint".format(server))
    return commands


def leaving(wanted: Mapping[Server, Target], present: Mapping[Server, Live]) -> List[Server]:
    """Servers that are not wanted any more."""
    return [server for server in present if server not in wanted]


def fill(path: str, version: str, entries: Sequence[Tuple[str, str]]) -> List[str]:
    """The commands that fill a new version of a map, and put it in the place of the former one at once."""
    add = "add map @{0} {1} ".format(version, path)
    commands = [add + "{0} {1}".format(haproxy.word(key), haproxy.word(value)) for key, value in entries]
    return commands + ["commit map @{0} {1}".format(version, path)]
