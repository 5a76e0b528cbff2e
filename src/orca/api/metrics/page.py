# SPDX-License-Identifier: Apache-2.0
"""Figures about the server itself. Requests are counted in plain numbers; the first reader loads the library.

Labels are few by design: routes are templates (a type, never an id), statuses are classes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from orca.api.connections.visitors import Visitors
from orca.api.events import Hub
from orca.api.metrics import queues
from orca.api.requests.ask import PROJECT_LINKS
from orca.engine import Core
from orca.resources import rows
from orca.resources.views import VERSIONS, view
from orca.store import ReadTx

if TYPE_CHECKING:
    from prometheus_client.core import Metric

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds."""
OTHER = "other"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE"})


class Latencies:
    """How long requests took, by method, route and class of status."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str, str], list[float]] = {}

    def add(self, method: str, path: str, status: int, seconds: float) -> None:
        """Count a request: one number per bucket, and the sum at the end."""
        key = (method if method in METHODS else OTHER, template(path), f"{status // 100}xx")
        row = self.known.setdefault(key, [0.0] * (len(BOUNDS) + 2))
        row[bisect_left(BOUNDS, seconds)] += 1
        row[-1] += seconds


def template(path: str) -> str:
    """The route of a path: the type's collection, ``{id}``, ``{link}``; ``other`` for paths that the API does not
    have.
    """
    segments = [part for part in path.lower().split("/") if part]
    if not segments or segments[0] not in VERSIONS:
        return OTHER
    version, *rest = segments
    if len(rest) > 2 and rest[0] in ("project", "projects") and rest[2] not in PROJECT_LINKS:
        rest = rest[2:]
    if not rest:
        return f"/{version}"
    name = routes().get(rest[0])
    if name is None or len(rest) > 3:
        return OTHER
    return "/".join((f"/{version}", name, *("{id}", "{link}")[: len(rest) - 1]))


@cache
def routes() -> dict[str, str]:
    """The path segments after the version, and their names here."""
    known = {path: type.path for path, type in view("superadmin", VERSIONS[-1]).paths.items()}
    return {**known, "schema": "schemas", "schemas": "schemas", "scripts": "scripts"}


def processes(tx: ReadTx) -> dict[str, int]:
    """Processes that have not ended: queued, running, waiting for something or for their next try."""
    table = tx.table(rows.ProcessInstance)
    waits = table.c.waitingSince.is_not(None)
    query = sa.select(table.c.phase, waits, sa.func.count()).where(table.c.endTime.is_(None))
    found = {"requested": 0, "running": 0, "waiting": 0}
    for phase, waiting, count in tx.connection.execute(query.group_by(table.c.phase, waits)):
        found["waiting" if waiting else "requested" if phase == "REQUESTED" else "running"] += count
    return found


class Figures:
    """All figures of one server, at one moment."""

    def __init__(self, core: Core, visitors: Visitors, latencies: Latencies, processes: dict[str, int]) -> None:
        self._core = core
        self._visitors = visitors
        self._latencies = latencies
        self._processes = processes

    def collect(self) -> Iterator[Metric]:
        """The library's interface for collectors."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        db, hub = self._core.db, self._core.part(Hub)
        by_state = GaugeMetricFamily("orca_processes", "Processes that have not ended", labels=["state"])
        for state, count in self._processes.items():
            by_state.add_metric([state], count)
        yield by_state
        gauges = (
            ("orca_agents_connected", "Agents connected to this server", len(self._core.agents.all())),
            ("orca_connections", "Open connections", len(self._visitors)),
            ("orca_connections_waiting", "Connections without credentials, waited for", self._visitors.strangers),
            ("orca_connections_limit", "Most connections at a time", self._visitors.capacity),
            ("orca_event_subscribers", "Clients that listen to events", len(hub.subscribers)),
            ("orca_event_lag_seconds", "How long the last round of events took to be handed out", hub.lag),
            ("orca_event_position", "Number up to which all events were handed out", hub.position),
            ("orca_database_full", "1 while the disk is full and the server only reads", int(db.full)),
            ("orca_reading_queue_length", "Requests that wait to be read", self._core.readings.queued),
            *queues.gauges(self._core),
        )
        for name, text, value in gauges:
            yield GaugeMetricFamily(name, text, value)
        queued = GaugeMetricFamily("orca_write_queue_length", "Units that wait for the writer", labels=["share"])
        for share, length in db.queued.items():
            queued.add_metric([share], length)
        yield queued
        counters = (
            ("orca_event_frames", "Events handed out to clients", hub.frames),
            ("orca_database_commits", "Transactions committed", db.commits),
            ("orca_long_units", "Units that used more than 0.1 s of a writer's processor time", db.long_units),
            ("orca_database_units", "Units committed; by commits: the mean batch", db.units),
            *queues.counters(self._core),
        )
        for name, text, value in counters:
            yield CounterMetricFamily(name, text, value)
        cut = CounterMetricFamily("orca_connections_cut", "Connections cut off or refused", labels=["reason"])
        for reason, number in self._visitors.cuts.total.items():
            cut.add_metric([reason], number)
        yield cut
        requests = HistogramMetricFamily(
            "orca_request_seconds", "From request to answer", labels=["method", "route", "status"]
        )
        for key, row in list(self._latencies.known.items()):
            names = [*(str(bound) for bound in BOUNDS), "+Inf"]
            requests.add_metric(list(key), list(zip(names, accumulate(row[:-1]), strict=True)), row[-1])
        yield requests


class Collector(Protocol):
    """The library's interface."""

    def collect(self) -> Iterator[Metric]:
        """Some figures."""


def exposition(collectors: Iterable[Collector], *, of_process: bool) -> tuple[bytes, str]:
    """The text that Prometheus reads, and its media type; ``of_process``: with the operating system's figures."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest

    registry = CollectorRegistry()
    if of_process:
        ProcessCollector(registry=registry)
    for each in collectors:
        registry.register(each)
    return generate_latest(registry), CONTENT_TYPE_LATEST
