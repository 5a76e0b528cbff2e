# SPDX-License-Identifier: Apache-2.0
"""Which backend of a balancer answers a request: its routes as maps that HAProxy searches like trees.

A route is ``{port, host, path, priority, backend}``; host, path and priority may be null. An explicit priority comes
first, the lower one before the higher. Then a route with host and path comes before one with a host, before one with a
path, before one with neither. Exact hosts come before wildcards, and the longest host and path first.

For one host this order is a table of paths, in which the longest prefix wins: a path that would lose against a shorter
one is left out. So each exact host gets a table of its own, with everything that applies to it. Any other host belongs
to a class, the longest wildcards that it matches, and each class gets a table too.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,250}[a-z0-9_])?(\.\*)?\Z")
_PATH = re.compile(r"/[!-~]{0,1023}\Z")
#: Separates the two wildcards of a class, and cannot stand in a host.
BAR = "|"
#: Tables of classes grow with the product of the two sorts of wildcards of one port.
MOST_CLASSES = 1000


class Route(NamedTuple):
    """One route; ``host`` is in lower case, and empty for all hosts."""

    host: str
    path: str
    priority: Optional[int]
    backend: str

    @property
    def rank(self) -> Tuple[Any, ...]:
        """Where it stands among routes: the lowest that matches is the one. Equal ones differ by their backends."""
        explicit = (0, self.priority) if self.priority is not None else (1, 0)
        form = 0 if self.host and self.path else 1 if self.host else 2 if self.path else 3
        wild = self.host.startswith("*.") or self.host.endswith(".*")
        return explicit + (form, wild, -len(self.host), -len(self.path), self.host, self.path, self.backend)

    def takes_host(self, host: str) -> bool:
        """True if it is for that host."""
        if self.host.startswith("*."):
            return host.endswith(self.host[1:])
        if self.host.endswith(".*"):
            return host.startswith(self.host[:-1])
        return self.host in ("", host)


class Maps(NamedTuple):
    """The maps of one port, in the order in which HAProxy should hold their entries.

    ``routes``: host or class, followed by a path, to a backend; the longest prefix counts. ``suffixes`` and
    ``prefixes``: the wildcards by which other hosts get their class; the first suffix counts, and the longest prefix.
    """

    routes: Dict[str, str]
    suffixes: Dict[str, str]
    prefixes: Dict[str, str]


def route(item: Mapping[str, Any]) -> Route:
    """Read a route of a config item.

    :raises ValueError: it makes no sense; the message says why.
    """
    host, path = (item.get("host") or "").lower(), item.get("path") or ""
    if host and not (_HOST.match(host) and not (host.startswith("*.") and host.endswith(".*"))):
        raise ValueError("{0!r} is not a host, *.host or host.*".format(item["host"]))
    if path and not _PATH.match(path):
        raise ValueError("{0!r} is not a path".format(path))
    priority = item.get("priority")
    return Route(host, path, None if priority is None else int(priority), item["backend"])


def maps(routes: Iterable[Route]) -> Maps:
    """The maps for the routes of one port.

    :raises ValueError: there are too many wildcards.
    """
    ranked = sorted(routes, key=lambda each: each.rank)
    hosts = sorted({each.host for each in ranked if each.host})
    suffixes = sorted((each[1:] for each in hosts if each.startswith("*.")), key=lambda text: (-len(text), text))
    prefixes = [each[:-1] for each in hosts if each.endswith(".*")]
    if (len(suffixes) + 1) * (len(prefixes) + 1) > MOST_CLASSES:
        raise ValueError("hosts like *.a and a.* make more than {0} pairs on one port".format(MOST_CLASSES))
    found: Dict[str, str] = {}
    for host in hosts:
        if "*" not in host:
            _enter(found, host, [each for each in ranked if each.takes_host(host)])
    for suffix in [""] + suffixes:
        for prefix in [""] + prefixes:
            _enter(found, suffix + BAR + prefix, [each for each in ranked if _in_class(each, suffix, prefix)])
    return Maps(found, {each: each for each in suffixes}, {each: each for each in prefixes})


def _in_class(route: Route, suffix: str, prefix: str) -> bool:
    """True if a route applies to hosts whose longest wildcards are these; shorter ones match as well."""
    if route.host.startswith("*."):
        return suffix.endswith(route.host[1:])
    if route.host.endswith(".*"):
        return prefix.startswith(route.host[:-1])
    return not route.host


def _enter(found: Dict[str, str], key: str, ranked: Sequence[Route]) -> None:
    """Enter a table: of each path the best route, unless a shorter path has a better one."""
    paths: List[str] = []
    for each in ranked:
        path = each.path or "/"
        if not any(path.startswith(better) for better in paths):
            paths.append(path)
            found[key + path] = each.backend
