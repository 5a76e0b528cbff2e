# SPDX-License-Identifier: Apache-2.0
"""The worst that a request of 4 MiB can ask for: an answer in words, and no unit that holds up everybody else's.

Measured is the writer's own processor time, in relation to how fast the machine is (``long_units``).
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from long_units import MARK

from orca.resources import limits

MOST_BYTES = 4 * 1024 * 1024
BUSY = r'^orca_(?:write_queue_length\{.*|processes\{state="(?:running|requested)"\}) (\S+)$'
CONTAINER = {"imageUuid": "sim:x"}


def many(count: int, value: object = "v") -> dict[str, object]:
    return {f"key-{number}": value for number in range(count)}


def numbered(form: str, count: int) -> list[str]:
    return [form.format(number) for number in range(1, count + 1)]


def container(**fields: object) -> tuple[str, str]:
    return "containers", json.dumps({**CONTAINER, **fields})


def service(**fields: object) -> tuple[str, str]:
    return "services", json.dumps({"name": "web", "environmentId": "STACK", "launchConfig": CONTAINER, **fields})


def stack(text: str, **fields: object) -> tuple[str, str]:
    return "environments", json.dumps({"name": "worst", "dockerCompose": text, **fields})


def external(count: int) -> tuple[str, str]:
    addresses = [f"10.1.{number // 250}.{number % 250 + 1}" for number in range(count)]
    fields = {"name": "out", "environmentId": "STACK", "externalIpAddresses": addresses, "startOnCreate": True}
    return "externalservices", json.dumps(fields)


REFUSED = {
    "all ports": container(ports=["1-65535:1-65535"]),
    "all ports, many times": container(ports=["1-65535:1-65535"] * limits.MOST_ITEMS),
    "a port of a million digits": container(ports=["1" * 1_000_000]),
    "many variables": container(environment=many(200_000)),
    "a long command": container(command=[""] * 1_000_000),
    "many labels": container(labels=many(limits.MOST_ITEMS)),
    "many links": container(instanceLinks=many(limits.MOST_ITEMS, "1i1")),
    "many volumes": container(dataVolumes=numbered("/v{0}:/w{0}", limits.MOST_ITEMS)),
    "many at once": container(count=limits.MOST_AT_ONCE + 1),
    "a number of a million digits": ("containers", '{"imageUuid": "sim:x", "memory": ' + "1" * 1_000_000 + "}"),
    "a long number as text": container(memory="1" * 1_000_000),
    "deep objects": ("containers", '{"labels": ' + '{"a":' * 400_000 + "1" + "}" * 400_000 + "}"),
    "deep lists": service(metadata={"a": json.loads("[" * 500 + "]" * 500)}),
    "many nodes": service(metadata=many(20, list(range(9_000)))),
    "many sidekicks": service(secondaryLaunchConfigs=[{"name": f"k{n}", **CONTAINER} for n in range(10_000)]),
    "many addresses": external(limits.MOST_ITEMS),
    "a long description": ("environments", json.dumps({"name": "x", "description": "x" * 4_000_000})),
}
TAKEN = {
    "as many ports as may be": container(ports=numbered("{0}:{0}", limits.PORTS_OF_CONTAINER)),
    "as many variables as may be": container(environment=many(limits.MOST_ITEMS, "v" * 380)),
    "as long a command as may be": container(command=["x" * 400] * limits.MOST_ITEMS),
    "as many labels as may be": container(labels=many(limits.MOST_ROWS)),
    "as many volumes as may be": container(dataVolumes=numbered("v{0}:/w{0}", limits.MOST_VOLUMES)),
    "as many at once as may be": container(count=limits.MOST_AT_ONCE),
    "as many nodes as may be": service(name="wide", metadata=many(9, list(range(9_000)))),
    "as many sidekicks as may be": service(
        name="crowd", secondaryLaunchConfigs=[{"name": f"k{n}", **CONTAINER} for n in range(limits.MOST_SIDEKICKS)]
    ),
    "as many addresses as may be": external(limits.MOST_ROWS),
    "a stack with many variables": stack("web: {image: x}", environment=many(limits.MOST_ITEMS)),
}


def generated(seed: int) -> tuple[str, str]:
    """A container with several fields near their limits, as far as 4 MiB go."""
    chosen = random.Random(seed)
    wide = {
        "environment": lambda size: many(size, "v" * 100),
        "labels": lambda size: many(size // 10),
        "command": lambda size: ["x" * 50] * size,
        "dataVolumes": lambda size: numbered("/v{0}:/w{0}", size // 40),
        "ports": lambda size: numbered("{0}:{0}", size // 10),
        "capAdd": lambda size: ["NET_ADMIN"] * size,
        "devices": lambda size: numbered("/dev/a{0}:/dev/a{0}:rwm", size),
        "dns": lambda size: numbered("192.0.2.{0}", size),
        "expose": lambda size: numbered("{0}", size // 10),
    }
    names = chosen.sample(sorted(wide), chosen.randint(2, 5))
    return container(**{name: wide[name](chosen.randint(limits.MOST_ITEMS // 2, limits.MOST_ITEMS)) for name in names})


class Watched:
    """A server that says which units are too long, with a host, a stack and a project's client."""

    def __init__(self, server, client: httpx.Client) -> None:
        self.server = server
        self.client = client
        self.project = client.get("/v2/projects").json()["data"][0]["id"]
        assert self.post("agents", '{"uri": "sim://one"}').status_code == 201
        self.until(lambda: self.rows("hosts?state=active"))
        self.stack = self.post("environments", '{"name": "base"}').json()["id"]

    def post(self, path: str, body: str) -> httpx.Response:
        return self.client.post(f"/v2/projects/{self.project}/{path}", content=body)

    def rows(self, path: str):
        return self.client.get(f"/v2/projects/{self.project}/{path}").json()["data"]

    def until(self, condition, seconds: float = 300) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def quiet(self) -> bool:
        """Whether nothing waits for the writer, and no process is under way."""
        text = self.client.get("/metrics").text
        found = re.findall(
            r'^orca_(?:write_queue_length\{.*|processes\{state="(?:running|requested)"\}) (\S+)$', text, re.M
        )
        assert len(found) == 4
        return all(float(number) == 0 for number in found)

    def send(self, case: tuple[str, str]) -> httpx.Response:
        """Send a request, and wait until everything that follows from it is done."""
        path, body = case
        assert len(body) <= MOST_BYTES
        answer = self.post(path, body.replace("STACK", self.stack))
        self.until(self.quiet)
        long = [line for line in self.server.log.read_text().splitlines() if MARK in line]
        assert long == []
        return answer


@pytest.fixture(scope="module")
def watched(tmp_path_factory, processes) -> Iterator[Watched]:
    folder = str(Path(__file__).parents[1])
    before = f"import sys; sys.path.insert(0, {folder!r}); import long_units; long_units.install()"
    server = processes(tmp_path_factory.mktemp("watched") / "data", "--sim", before=before)
    server.start(loopback_only=True)
    with httpx.Client(
        base_url=server.url, auth=server.admin(), timeout=120, headers={"Content-Type": "application/json"}
    ) as client:
        yield Watched(server, client)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_too_much_is_refused_with_field_or_limit(watched, name):
    answer = watched.send(REFUSED[name])
    assert answer.status_code == 422, answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize("name", TAKEN)
def test_the_most_that_is_allowed_makes_no_long_unit(watched, name):
    answer = watched.send(TAKEN[name])
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("seed", range(8))
def test_nor_does_what_is_made_up(watched, seed):
    assert watched.send(generated(seed)).status_code in (201, 422)


def test_a_text_that_is_read_for_long_does_not_hold_up_others(watched):
    """The writer has not even heard of it."""
    answer = watched.send(stack("web: {image: x}\n#" + "x" * 4_000_000))
    assert answer.status_code in (201, 422)
