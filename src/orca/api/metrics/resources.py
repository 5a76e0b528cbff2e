# SPDX-License-Identifier: Apache-2.0
"""Figures about what the platform runs: hosts, containers, services, checks, tunnels.

Their labels are those of an inventory. Counters begin with the host, or the container, as in the system they come from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orca import wire
from orca.api.metrics.inventory import Inventory
from orca.api.metrics.measurements import of_containers
from orca.orchestration.health.states import HEALTHY

if TYPE_CHECKING:
    from prometheus_client.core import Metric

HOST = ("project", "host", "id")
CONTAINER = ("project", "stack", "service", "container", "host", "id")
SERVICE = ("project", "stack", "service")
NANO = 1e-9

USED: tuple[tuple[str, str, Callable[[wire.Usage], float]], ...] = (
    ("memory_bytes", "Memory in use", lambda usage: usage.memory),
    ("memory_limit_bytes", "Memory that may be used", lambda usage: usage.memory_limit),
)
COUNTED: tuple[tuple[str, str, Callable[[wire.Usage], float]], ...] = (
    ("cpu_seconds", "Time on processors", lambda usage: usage.cpu * NANO),
    ("network_received_bytes", "Bytes received", lambda usage: usage.received),
    ("network_sent_bytes", "Bytes sent", lambda usage: usage.sent),
    ("disk_read_bytes", "Bytes read from disks", lambda usage: usage.read),
    ("disk_written_bytes", "Bytes written to disks", lambda usage: usage.written),
)


@dataclass(eq=False, slots=True)
class Resources:
    """All figures of one inventory; ``measured``: the answers of agents by host id."""

    inventory: Inventory
    measured: Mapping[int, wire.Measured]

    def collect(self) -> Iterator[Metric]:
        """The library's interface for collectors."""
        yield from self._hosts()
        yield from self._containers()
        yield from self._services()
        yield from self._checks()
        yield from self._tunnels()

    def _hosts(self) -> Iterator[Metric]:
        hosts = self.inventory.hosts
        up = ((host.labels, int(host.connected)) for host in hosts.values())
        yield _gauge("orca_host_up", "1 while the host's agent is connected", HOST, up)
        yield from _usages("orca_host", HOST, [(hosts[id].labels, answer.host) for id, answer in self.measured.items()])

    def _containers(self) -> Iterator[Metric]:
        found = self.inventory.containers.values()
        up = ((each.labels, int(each.state == "running")) for each in found)
        yield _gauge("orca_container_up", "1 while the container runs", CONTAINER, up)
        healthy = ((each.labels, int(each.health == HEALTHY)) for each in found if each.health is not None)
        yield _gauge(
            "orca_container_healthy", "1 while its checks say so; only of those with a check", CONTAINER, healthy
        )
        yield from _usages("orca_container", CONTAINER, of_containers(self.inventory, self.measured))

    def _services(self) -> Iterator[Metric]:
        services = self.inventory.services.values()
        text = "1: the state that the API shows"
        yield _gauge(
            "orca_service_state", text, (*SERVICE, "state"), (((*each.labels, each.state), 1) for each in services)
        )
        wanted = ((each.labels, each.wanted) for each in services if each.wanted is not None)
        yield _gauge("orca_service_wanted", "Containers that should run; not of global services", SERVICE, wanted)
        counts = Counter({(*each.labels, "running"): 0 for each in services})
        for container in self.inventory.containers.values():
            if container.service:
                counts[container.project, container.stack, container.service, container.state] += 1
        yield _gauge("orca_service_containers", "Containers, sidekicks too", (*SERVICE, "state"), counts.items())

    def _checks(self) -> Iterator[Metric]:
        hosts, containers = self.inventory.hosts, self.inventory.containers
        found = (
            ((*containers[check.container].labels, *hosts[check.host].labels[1:]), int(check.health == HEALTHY))
            for check in self.inventory.checks
            if check.health is not None and check.container in containers and check.host in hosts
        )
        yield _gauge(
            "orca_check_up",
            "1 while this checker finds the container well",
            (*CONTAINER, "checker", "checker_id"),
            found,
        )

    def _tunnels(self) -> Iterator[Metric]:
        hosts = self.inventory.hosts
        found = (
            ((*hosts[each.source].labels, *hosts[each.target].labels[1:]), int(each.state == "up"))
            for each in self.inventory.tunnels
            if each.source in hosts and each.target in hosts
        )
        yield _gauge("orca_tunnel_up", "1 while a host reaches its peer", (*HOST, "peer", "peer_id"), found)


Labelled = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, text: str, labels: tuple[str, ...], values: Labelled) -> Metric:
    from prometheus_client.core import GaugeMetricFamily

    gauge = GaugeMetricFamily(name, text, labels=labels)
    for each, value in values:
        gauge.add_metric(each, value)
    return gauge


def _usages(prefix: str, labels: tuple[str, ...], found: list[tuple[tuple[str, ...], wire.Usage]]) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily

    for name, text, read in USED:
        yield _gauge(f"{prefix}_{name}", text, labels, ((each, read(usage)) for each, usage in found))
    for name, text, read in COUNTED:
        counter = CounterMetricFamily(f"{prefix}_{name}", text, labels=labels)
        for each, usage in found:
            counter.add_metric(each, read(usage))
        yield counter
