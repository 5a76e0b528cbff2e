# SPDX-License-Identifier: Apache-2.0
"""From one request until ten containers run on two hosts: the platform, Docker Swarm, ten parallel starts by hand."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import docker
from api import Json
from lab import Lab
from machine import Machine
from waiting import until

from bench.engine import Attributes, Starts, engine
from bench.parallel import Parallel
from bench.result import Figure, Result, ratios
from bench.swarm import Swarm, swarm

COUNT = 10
WITHIN = 120.0  # s
# Ends at SIGTERM, so that removals between rounds do not wait for a time-out.
COMMAND = ("sh", "-c", "trap exit TERM; sleep infinity & wait")
COMPOSE = """
ten:
  image: {image}
  command: ["sh", "-c", "trap exit TERM; sleep infinity & wait"]
  scale: {count}
"""

METHOD = (
    f"One request asks for {COUNT} containers of an image that both hosts have, and sleeps in them. The clock runs "
    "from before the request until the tenth `start` event that the hosts' engines report, by their own time "
    "stamps. Each round measures all three, in turning order, and removes everything before the next; one round "
    "before them is not counted. Platform: `POST environments` with a compose file. Swarm: a replicated service "
    "with an overlay network and `--endpoint-mode dnsrr`, made over the Engine API (no command line starts "
    "first), its images answered by the registry that the platform uses. Parallel: ten threads, each `create` and "
    "`start` on the network `orca`, connections open beforehand. While the other two run, the platform's agents "
    "are stopped on all hosts, so that they pay nothing for being watched."
)


class Orca:
    """A stack with one service of ten."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.made: dict[str, Json] = {}

    def create(self, name: str) -> None:
        compose = COMPOSE.format(image=self.lab.images["probe"], count=COUNT)
        self.made[name] = self.lab.api.create("environments", name=name, dockerCompose=compose, startOnCreate=True)

    def belongs(self, name: str, attributes: Attributes) -> bool:
        return attributes.get("io.orca.stack.name") == name

    def remove(self, name: str) -> None:
        stack = self.made.pop(name)
        self.lab.api.settled(stack)
        self.lab.api.remove(stack)


class ByHand:
    """`Parallel` under the names that rounds use."""

    def __init__(self, lab: Lab, parallel: Parallel) -> None:
        self.image, self.parallel = lab.images["probe"], parallel

    def create(self, name: str) -> None:
        self.parallel.create(name, self.image, COMMAND)

    def belongs(self, name: str, attributes: Attributes) -> bool:
        return attributes["name"].startswith(f"{name}-")

    def remove(self, name: str) -> None:
        self.parallel.remove(name)


class BySwarm:
    """A service of ten replicas."""

    def __init__(self, lab: Lab, peer: Swarm) -> None:
        self.image, self.peer = lab.images["probe"], peer

    def create(self, name: str) -> None:
        self.peer.create(name, self.image, COMMAND, COUNT)

    def belongs(self, name: str, attributes: Attributes) -> bool:
        return attributes.get("com.docker.swarm.service.name") == name

    def remove(self, name: str) -> None:
        self.peer.remove(name)


Contestant = Orca | ByHand | BySwarm


def once(contestant: Contestant, name: str, engines: Sequence[docker.APIClient]) -> float:
    """Seconds from the request until the last of the containers has started; everything is removed again."""
    with Starts(engines, lambda attributes: contestant.belongs(name, attributes)) as starts:
        asked = time.time_ns()
        contestant.create(name)
        last = starts.first(COUNT, WITHIN)[-1].at
    contestant.remove(name)
    return (last - asked) / 1e9


@contextlib.contextmanager
def only(lab: Lab, machines: Sequence[Machine]) -> Iterator[None]:
    """New containers of the platform are placed on these machines and no others."""
    others = [host for host in lab.hosts if host not in machines]
    for host in others:
        lab.api.settled(lab.api.action(lab.host_resource(host), "deactivate"))
    try:
        yield
    finally:
        for host in others:
            lab.api.settled(lab.api.action(lab.host_resource(host), "activate"))


@contextlib.contextmanager
def agents_stopped(lab: Lab) -> Iterator[None]:
    """The agents are away; afterwards they are connected again."""
    for host in lab.hosts:
        host.run("docker", "stop", "-t", "2", "orca-agent")
    try:
        yield
    finally:
        for host in lab.hosts:
            host.run("docker", "start", "orca-agent")
        lab.wait_for_agents()
        until(lab.matrix_is_up, 30, "every tunnel is known to be up")


def rounds(lab: Lab, machines: Sequence[Machine], repeats: int) -> dict[str, list[float]]:
    """Seconds per contestant and round."""
    engines = [engine(machine) for machine in machines]
    for one in engines:
        one.pull(lab.images["probe"])
    samples: dict[str, list[float]] = {"orca": [], "swarm": [], "parallel": []}
    with contextlib.ExitStack() as stack:
        stack.enter_context(only(lab, machines))
        for machine in machines:  # Swarm refuses to start beside it.
            stack.enter_context(lab.live_restore(machine, False))
        orca = Orca(lab)
        rivals: dict[str, Contestant] = {
            "swarm": BySwarm(lab, stack.enter_context(swarm(machines))),
            "parallel": ByHand(lab, stack.enter_context(Parallel(machines, COUNT, "orca"))),
        }

        def ours(number: int) -> None:
            samples["orca"].append(once(orca, f"bench-orca-{number}", engines))

        def theirs(number: int) -> None:
            with agents_stopped(lab):
                for name in sorted(rivals, reverse=number % 4 > 1):
                    samples[name].append(once(rivals[name], f"bench-{name}-{number}", engines))

        for number in range(repeats + 1):
            turn: list[Callable[[int], None]] = [ours, theirs] if number % 2 else [theirs, ours]
            for measure in turn:
                measure(number)
    return {name: values[1:] for name, values in samples.items()}


def measure(lab: Lab, repeats: int) -> Result:
    samples = rounds(lab, lab.hosts[:2], repeats)
    return Result(
        "scaling",
        "Ten containers on two hosts",
        METHOD,
        [
            Figure("one API call until ten containers run", "s", samples["orca"]),
            Figure("Swarm service of ten replicas", "s", samples["swarm"]),
            Figure("ten parallel starts through the Docker API", "s", samples["parallel"]),
            Figure("ratio to Swarm", "", ratios(samples["orca"], samples["swarm"]), target=0.8),
            Figure("ratio to parallel starts", "", ratios(samples["orca"], samples["parallel"]), target=1.25),
        ],
    )
