# SPDX-License-Identifier: Apache-2.0
"""The floor that nobody gets below: as many starts as containers, all at once, straight to the engines."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import docker
from machine import Machine

from bench.engine import engine


class Parallel:
    """Starts containers by `docker run`'s two calls, create and start, on one open connection per container."""

    def __init__(self, machines: Sequence[Machine], count: int, network: str) -> None:
        self.network = network
        self.clients = [engine(machines[number % len(machines)]) for number in range(count)]
        self.pool = ThreadPoolExecutor(count)

    def __enter__(self) -> Parallel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.shutdown()
        for client in self.clients:
            client.close()

    def create(self, name: str, image: str, command: Sequence[str]) -> None:
        """Start all containers; returns when every engine has answered."""

        def run(number: int) -> None:
            client: docker.APIClient = self.clients[number]
            host_config = client.create_host_config(network_mode=self.network)
            made = client.create_container(image, list(command), name=f"{name}-{number}", host_config=host_config)
            client.start(made["Id"])

        list(self.pool.map(run, range(len(self.clients))))

    def remove(self, name: str) -> None:
        """Remove what `create` made under this name."""

        def remove(number: int) -> None:
            self.clients[number].remove_container(f"{name}-{number}", force=True)

        list(self.pool.map(remove, range(len(self.clients))))
