# SPDX-License-Identifier: Apache-2.0
"""The commands under way on a pretended host: which wait for which, and what each is answered.

The rules are the real agent's (``orca.agent.commands``): commands about one instance follow each other, a repeated key
joins the command that runs, and one that ``yields`` is ended by a newer command about its instance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass

from orca import wire
from orca.simulator.host.clock import Clock
from orca.wire import names

Work = Generator[int | None, None, wire.Message | None]
"""Yields the milliseconds that it waits, None until it is cancelled; returns the data of the answer."""


class Cannot(Exception):
    """A command cannot be done; the message is the answer."""


@dataclass(eq=False, slots=True)
class _Command:
    """``events`` are the requests that wait for its end."""

    key: str
    events: list[wire.Event]
    work: Work
    uuid: str | None
    yields: bool


class Commands:
    """``send`` takes the answers."""

    def __init__(self, clock: Clock, send: Callable[[wire.Event], None]) -> None:
        self.acting = False
        """True while a command does something: what is seen then follows from it."""
        self._clock = clock
        self._send = send
        self._running: dict[str, _Command] = {}
        self._queues: defaultdict[str, list[_Command]] = defaultdict(list)

    def run(self, event: wire.Event, key: str, work: Work, *, uuid: str | None = None, yields: bool = False) -> None:
        """Begin a command as soon as those about its instance have ended, or join the one that runs under its key."""
        running = self._running.get(key)
        if running is not None:
            running.events.append(event)
            work.close()
            return
        command = self._running[key] = _Command(key, [event], work, uuid, yields)
        if uuid is not None:
            self._queues[uuid].append(command)
            if self._queues[uuid][0] is not command:
                return
        self._go_on(command)

    def progress(self, key: str, message: str, percent: int | None) -> None:
        """Tell everybody who waits for a command how far it is."""
        for event in self._running[key].events:
            self._send(event.reply_progress(message, percent))

    def cancel(self, ids: Collection[str]) -> None:
        """End the commands that these requests began or joined."""
        self._cancel(*(each for each in self._running.values() if any(event.id in ids for event in each.events)))

    def overtake(self, uuid: str) -> None:
        """A command about an instance arrives before which others yield."""
        self._cancel(*(each for each in self._queues.get(uuid, ()) if each.yields))

    def forget(self) -> None:
        """The agent dies; nobody is answered."""
        for command in self._running.values():
            command.work.close()
        self._running.clear()
        self._queues.clear()

    def _go_on(self, command: _Command) -> None:
        if self._running.get(command.key) is not command:
            return
        self.acting = True
        try:
            pause = next(command.work)
        except StopIteration as end:
            replies = [event.reply(end.value) for event in command.events]
        except Cannot as error:
            replies = [event.reply_error(str(error)) for event in command.events]
        else:
            if pause is not None:
                self._clock.after(pause, lambda: self._go_on(command))
            return
        finally:
            self.acting = False
        self._end(command, replies)

    def _cancel(self, *commands: _Command) -> None:
        """End some, the newest first: none of them begins because an earlier one ends."""
        for command in reversed(commands):
            command.work.close()
            self._end(command, [event.reply_error(names.CANCELLED) for event in command.events])

    def _end(self, command: _Command, replies: list[wire.Event]) -> None:
        if self._running.pop(command.key, None) is None:
            return  # the agent died meanwhile
        for reply in replies:
            self._send(reply)
        queue = self._queues.get(command.uuid or "")
        if queue is None:
            return
        first = queue[0] is command
        queue.remove(command)
        if not queue:
            del self._queues[command.uuid or ""]
        elif first:
            self._go_on(queue[0])
