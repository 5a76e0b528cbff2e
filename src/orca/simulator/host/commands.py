# SPDX-License-Identifier: Apache-2.0
"""The commands that run or wait on a simulated host: their order, and their answers.

The rules are the real agent's (``orca.agent.commands``). Commands about one instance follow each other. A command with
a repeated key joins the one that runs. A newer command about the same instance ends one that ``yields``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass

from orca import wire
from orca.simulator.host.clock import Clock
from orca.wire import names

Work = Generator[int | None, None, wire.Message | None]
"""Yields milliseconds to wait, or None to wait until it is cancelled; returns the data of the answer."""


class Cannot(Exception):
    """A command fails; the message is the answer."""


@dataclass(eq=False, slots=True)
class _Command:
    """A command that runs or waits; ``events`` are the requests that wait for its end."""

    key: str
    events: list[wire.Event]
    work: Work
    uuid: str | None
    yields: bool


class Commands:
    """The commands of one agent; ``send`` takes the answers."""

    def __init__(self, clock: Clock, send: Callable[[wire.Event], None]) -> None:
        self.acting = False
        """True if a command is acting now, so that a change of a container is its effect."""
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
        """Report a command's progress to every request that waits for it."""
        for event in self._running[key].events:
            self._send(event.reply_progress(message, percent))

    def cancel(self, ids: Collection[str]) -> None:
        """End the commands that these requests began or joined."""
        self._cancel(*(each for each in self._running.values() if any(event.id in ids for event in each.events)))

    def overtake(self, uuid: str) -> None:
        """End the commands about an instance that yield to a newer one."""
        self._cancel(*(each for each in self._queues.get(uuid, ()) if each.yields))

    def forget(self) -> None:
        """Drop all commands without an answer, since the agent has died."""
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
        """End some commands, the newest first, so that none of them begins because an earlier one ended."""
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
