# SPDX-License-Identifier: Apache-2.0
"""Docker Swarm on the machines under test, set up so that it is not slowed by anything but itself.

No IPVS is asked of the kernel (`dnsrr` instead of a virtual address), the image is on every machine already, the
registry that Swarm asks for each task answers at once, and the service is made over the Engine API: no command line
starts first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import docker
from docker.types import ContainerSpec, EndpointSpec, RestartPolicy, ServiceMode, TaskTemplate
from machine import Machine
from waiting import until

from bench.engine import engine

OVERLAY = "bench-overlay"
# Swarm's own default, 10.0.0.0/8, holds the platform's container network.
POOL = "10.213.0.0/16"


@dataclass(frozen=True)
class Swarm:
    """A running swarm; the first engine is its manager, and all of them run tasks."""

    engines: Sequence[docker.APIClient]

    def create(self, name: str, image: str, command: Sequence[str], replicas: int) -> None:
        """Ask for a service; returns as soon as the manager has taken it, like `docker service create --detach`."""
        task = TaskTemplate(
            ContainerSpec(image, command=list(command)),
            networks=[OVERLAY],
            restart_policy=RestartPolicy(condition="none"),
        )
        self.engines[0].create_service(
            task, name=name, mode=ServiceMode("replicated", replicas), endpoint_spec=EndpointSpec(mode="dnsrr")
        )

    def remove(self, name: str) -> None:
        """Remove a service and wait until none of its containers is left on any machine."""
        self.engines[0].remove_service(name)
        filters = {"label": f"com.docker.swarm.service.name={name}"}

        def gone() -> bool:
            return not any(one.containers(all=True, filters=filters) for one in self.engines)

        until(gone, 60, f"{name} is gone")


@contextlib.contextmanager
def swarm(machines: Sequence[Machine]) -> Iterator[Swarm]:
    """A swarm of `machines` with one overlay network, taken apart afterwards. Their engines must not have live-restore.

    What stays behind is Swarm's idle bridge docker_gwbridge, which the engine holds until it restarts.
    """
    engines = [engine(machine) for machine in machines]
    manager = engines[0]
    with contextlib.ExitStack() as undo:
        manager.init_swarm(advertise_addr=machines[0].address, default_addr_pool=[POOL], subnet_size=24)
        undo.callback(manager.leave_swarm, force=True)
        token = manager.inspect_swarm()["JoinTokens"]["Worker"]
        for machine, one in zip(machines[1:], engines[1:], strict=True):
            one.join_swarm([f"{machines[0].address}:2377"], token, advertise_addr=machine.address)
            undo.callback(one.leave_swarm, force=True)

        def ready() -> bool:
            return [node["Status"]["State"] for node in manager.nodes()] == ["ready"] * len(machines)

        until(ready, 30, "every node is ready")
        manager.create_network(OVERLAY, driver="overlay")
        undo.callback(manager.remove_network, OVERLAY)
        yield Swarm(engines)
