# SPDX-License-Identifier: Apache-2.0
"""Wait, and print changes on standard error: one line per change, with the seconds since the start."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import click

from orca.cli.client import Client, Resource, called, pause
from orca.cli.errors import ApiError, CommandError, NoAnswerError
from orca.cli.find import name_of
from orca.cli.output import plain

Answer = TypeVar("Answer")

_SERVER = " server"
"""Stands for the server among the names of lines; no name begins with a blank."""


class Progress:
    """Prints each change once; on a terminal, a last line counts the seconds while nothing changes."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._last: dict[str, str] = {}
        self._live = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._clear()

    def say(self, name: str, what: str, key: str = "") -> None:
        """Print a line unless it repeats the last one about the same thing; ``key`` tells things with one name
        apart.
        """
        key = key or name
        if self._last.get(key) != what:
            self._last[key] = what
            self._clear()
            click.echo(f"{self._seconds()}  {plain(name)}: {plain(what)}", err=True)

    def note(self, line: str) -> None:
        """Print a line that is about no resource."""
        self._clear()
        click.echo(f"{self._seconds()}  {plain(line)}", err=True)

    def show(self, resource: Resource) -> None:
        """Print the state of a resource, and its reason while it is in transition."""
        state = str(resource.get("state"))
        message = resource.get("transitioningMessage")
        if resource.get("transitioning") in ("yes", "error") and message and message != "In Progress":
            state += f" ({message})"
        self.say(name_of(resource), state, key=resource["id"])

    def pause(self, deadline: float, awaited: str) -> None:
        """Wait for the next request; raise DeadlineError with what is awaited once the deadline has passed."""
        if self._live:
            room = shutil.get_terminal_size().columns - 1
            click.echo(f"\r\x1b[K{f'{self._seconds()}  … {plain(awaited)}'[:room]}", nl=False, err=True)
        pause(deadline, awaited)

    def answer(self, look: Callable[[], Answer], deadline: float) -> Answer:
        """Return the result of ``look`` once the server answers. A server that restarts continues its work.

        Raises NoAnswerError with what to do if it does not answer by the deadline (monotonic seconds).
        """
        while True:
            try:
                found = look()
            except NoAnswerError as gone:
                self.say("server", "does not answer; waiting for it", key=_SERVER)
                if time.monotonic() >= deadline:
                    raise NoAnswerError(f"{gone}; run the same command again when it is back") from gone
                self.pause(deadline, "the server does not answer")
            else:
                self._last.pop(_SERVER, None)
                return found

    def _seconds(self) -> str:
        return f"{time.monotonic() - self._start:6.1f} s"

    def _clear(self) -> None:
        if self._live:
            click.echo("\r\x1b[K", nl=False, err=True)


def wait_steady(
    client: Client, resources: Sequence[Resource], deadline: float, progress: Progress, state: str | None = None
) -> list[Resource]:
    """Wait until none of the resources is in transition, and all are in ``state`` if one is named; returns them then.

    Raises CommandError with every reason when something failed, DeadlineError with what is awaited.
    """
    while True:
        now = progress.answer(lambda: [_now(client, each) for each in resources], deadline)
        for each in now:
            progress.show(each)
        failed = [each for each in now if each.get("transitioning") == "error"]
        if failed:
            raise CommandError("; ".join(f"{called(each)}: {each.get('transitioningMessage')}" for each in failed))
        awaited = [each for each in now if each.get("transitioning") == "yes" or state not in (None, each.get("state"))]
        if not awaited:
            return now
        progress.pause(deadline, "; ".join(f"{called(each)} is still {each.get('state')}" for each in awaited))


def wait_gone(client: Client, resources: Sequence[Resource], deadline: float, progress: Progress) -> None:
    """Wait until all of the resources are removed.

    Raises CommandError if a removal failed, DeadlineError at the deadline (monotonic seconds).
    """
    for resource in resources:
        while (now := progress.answer(partial(_present, client, resource), deadline)) is not None:
            progress.show(now)
            if now.get("transitioning") == "error":
                raise CommandError(f"{called(now)} was not removed: {now.get('transitioningMessage')}")
            progress.pause(deadline, f"{called(now)} is still {now['state']}: {now.get('transitioningMessage')}")
        progress.say(name_of(resource), "removed")


def _now(client: Client, resource: Resource) -> Resource:
    now: Resource = client.request("GET", resource["links"]["self"])
    return now


def _present(client: Client, resource: Resource) -> Resource | None:
    try:
        now = _now(client, resource)
    except ApiError as exc:
        if exc.status == 404:
            return None
        raise
    return None if now.get("removed") or now["state"] in ("removed", "purging", "purged") else now


def wait_up(
    client: Client,
    stack: Resource,
    deadline: float,
    progress: Progress,
    states: Collection[str] = ("active",),
) -> tuple[Resource, list[Resource]]:
    """Wait until every service of the stack is in one of ``states``; the stack and its services as they are then.

    Raises CommandError with every reason when something failed, DeadlineError with what is awaited at the deadline
    (monotonic seconds). While the stack is in transition, an earlier failure may still be mended.
    """
    while True:
        stack, services = progress.answer(partial(_stack_and_services, client, stack), deadline)
        watched = [stack, *services]
        progress.say(stack["name"], stack["state"])
        for resource in (*services, *_containers(services)):
            progress.show(resource)
        # A stack only repeats the reasons of its services.
        failed = [] if stack.get("transitioning") == "yes" else _failed(services) or _failed([stack])
        if stack.get("removed"):
            raise CommandError(f"{stack['name']} was removed: {stack.get('transitioningMessage') or 'by someone else'}")
        if failed:
            raise CommandError("; ".join(f"{called(each)}: {each.get('transitioningMessage')}" for each in failed))
        awaited = [each for each in watched if each.get("transitioning") == "yes"]
        awaited += [each for each in services if each["state"] not in states and each not in awaited]
        awaited += _failed(services)
        if not awaited:
            return stack, services
        progress.pause(deadline, "; ".join(f"{called(each)} is still {each['state']}" for each in awaited))


def _stack_and_services(client: Client, stack: Resource) -> tuple[Resource, list[Resource]]:
    now = _now(client, stack)
    return now, list(client.list(now["links"]["services"], include="instances"))


def endpoints(services: Iterable[Resource]) -> Iterator[str]:
    """Lines that list where published ports of the services answer."""
    for service in services:
        for point in service.get("publicEndpoints") or []:
            yield f"{service['name']}  {point.get('ipAddress')}:{point.get('port')}"


def _failed(resources: Iterable[Resource]) -> list[Resource]:
    """Those whose last process failed."""
    return [resource for resource in resources if resource.get("transitioning") == "error"]


def _containers(services: Iterable[Resource]) -> Iterator[Resource]:
    for service in services:
        yield from service.get("instances") or []
