# SPDX-License-Identifier: Apache-2.0
"""Waiting for a stack, saying on standard error what changes: one line per change, with the seconds since the start."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import click

from orca.cli.client import Client, Resource, pause
from orca.cli.errors import CommandError

CURE = 15  # seconds for the server to cure what had failed before it was asked for anything


class Progress:
    """Says each change of a thing once."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._last: dict[str, str] = {}

    def say(self, name: str, what: str) -> None:
        """Print a line unless it repeats the last one about the same thing."""
        if self._last.get(name) != what:
            self._last[name] = what
            click.echo(f"{time.monotonic() - self._start:6.1f} s  {name}: {what}", err=True)

    def show(self, resource: Resource) -> None:
        """Say the state of a resource, and its reason while it is in transition."""
        state = str(resource.get("state"))
        message = resource.get("transitioningMessage")
        if resource.get("transitioning") in ("yes", "error") and message and message != "In Progress":
            state += f" ({message})"
        self.say(str(resource.get("name") or resource.get("id")), state)


def wait_up(
    client: Client,
    stack: Resource,
    deadline: float,
    progress: Progress,
    state: str = "active",
    failed_before: frozenset[str] = frozenset(),
) -> tuple[Resource, list[Resource]]:
    """Wait until every service of the stack is in `state`, and return the stack and its services as they are then.

    Raises CommandError with every reason when something failed, DeadlineError with what is awaited at the deadline
    (monotonic seconds). What is in `failed_before` (ids) gets a while to be cured: what was asked for may be the cure.
    """
    cured_by = time.monotonic() + CURE
    while True:
        stack = client.request("GET", stack["links"]["self"])
        services = list(client.list(stack["links"]["services"], include="instances"))
        watched = [stack, *services]
        progress.say(stack["name"], stack["state"])
        for resource in (*services, *_containers(services)):
            progress.show(resource)
        # A stack repeats the reasons of its services, which say it better.
        patience = failed_before if time.monotonic() < cured_by else frozenset()
        failed = _failed(services, patience) or _failed([stack], patience)
        if stack.get("removed"):
            raise CommandError(f"{stack['name']} was removed: {stack.get('transitioningMessage') or 'by someone else'}")
        if failed:
            raise CommandError("; ".join(f"{_label(each)}: {each.get('transitioningMessage')}" for each in failed))
        awaited = [each for each in watched if each.get("transitioning") == "yes"]
        awaited += [each for each in services if each["state"] != state and each not in awaited]
        awaited += _failed(watched, frozenset())
        if not awaited:
            return stack, services
        pause(deadline, "; ".join(f"{_label(each)} is still {each['state']}" for each in awaited))


def endpoints(services: Iterable[Resource]) -> Iterator[str]:
    """Lines telling where published ports of the services answer."""
    for service in services:
        for point in service.get("publicEndpoints") or []:
            yield f"{service['name']}  {point.get('ipAddress')}:{point.get('port')}"


def failing(resources: Iterable[Resource]) -> frozenset[str]:
    """The ids of the resources whose last process failed."""
    return frozenset(resource["id"] for resource in resources if resource.get("transitioning") == "error")


def _failed(resources: list[Resource], patience: frozenset[str]) -> list[Resource]:
    failed = failing(resources) - patience
    return [resource for resource in resources if resource["id"] in failed]


def _containers(services: Iterable[Resource]) -> Iterator[Resource]:
    for service in services:
        yield from service.get("instances") or []


def _label(resource: Resource) -> str:
    return f"{resource.get('type')} {resource.get('name')}"
