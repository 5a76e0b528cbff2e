# SPDX-License-Identifier: Apache-2.0
"""Where the floors above say what must happen: one ``Behaviour`` per package, which its ``install`` adds.

    behaviour = Behaviour()

    @behaviour.process("instance.start")
    async def start(run: Run) -> None: ...

    @behaviour.create("environment")
    def create_stack(tx: Tx, call: Call, fields: dict[str, Any]) -> Record: ...

A hook of a root type (``instance``) holds for its kinds (``container``) unless they have their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from orca.engine.agents import AgentConnection
from orca.engine.call import Call
from orca.engine.core import Core
from orca.engine.run import Run
from orca.resources import TYPES
from orca.store import ReadTx, Record, Tx

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Reading:
    """Reads a request before its unit. ``uses``: the fields of the row that it reads as well."""

    read: ReadHook
    uses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rowless:
    """What a type without a table shows. ``asked_by``: the query parameters that its list accepts."""

    show: WithoutRows
    asked_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offer:
    """When an action is offered. ``otherwise``: the error message for a caller who requests it anyway (None: the
    usual).
    """

    holds: OfferedHook
    otherwise: str | None = None


@dataclass(frozen=True)
class Later:
    """An answer that others are asked for once the request has been read."""

    ask: Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Target:
    """What is at the end of a link, where that is neither a row nor a collection.

    ``show`` makes the object, or the content of a file. ``offered`` says whether the caller sees the link on a resource
    (None: always).
    """

    show: TargetHook
    offered: Callable[[Call, Any], bool] | None = None


ProcessHandler: TypeAlias = Callable[[Run], Awaitable[None]]
ReadHook: TypeAlias = Callable[[Mapping[str, Any], dict[str, Any]], Any]
CreateHook: TypeAlias = Callable[[Tx, Call, dict[str, Any]], "Record | list[Record] | dict[str, Any]"]
UpdateHook: TypeAlias = Callable[[Tx, Call, Record, dict[str, Any]], Record]
RemoveHook: TypeAlias = Callable[[Tx, Call, Record], Record]
ActionHook: TypeAlias = Callable[[Tx, Call, Record, dict[str, Any]], "Record | dict[str, Any]"]
CollectiveHook: TypeAlias = Callable[[Any, Call, dict[str, Any]], "Record | dict[str, Any]"]
Computed: TypeAlias = Callable[[ReadTx, Call, Record], Any]
OfferedHook: TypeAlias = Callable[[ReadTx, Call, Record], bool]
WithoutRows: TypeAlias = Callable[[ReadTx, Call, "str | None"], list[dict[str, Any]]]
TargetHook: TypeAlias = Callable[[ReadTx, Call, Record], "dict[str, Any] | bytes | Later"]
AgentHandler: TypeAlias = Callable[[Core, AgentConnection, Any], Awaitable[None]]


class Behaviour:
    """A set of named behaviours; decorators add to it."""

    def __init__(self) -> None:
        self.processes: dict[str, ProcessHandler] = {}
        self.without_rows: dict[str, Rowless] = {}
        self.reads_of: dict[str, Reading] = {}
        self.creates: dict[str, CreateHook] = {}
        self.updates: dict[str, UpdateHook] = {}
        self.removes: dict[str, RemoveHook] = {}
        self.actions: dict[str, ActionHook] = {}
        self.collectives: dict[str, CollectiveHook] = {}
        self.offers: dict[str, Offer] = {}
        self.computed_fields: dict[str, Computed] = {}
        self.computed_links: dict[str, Computed] = {}
        self.targets: dict[str, Target] = {}
        self.agent_events: dict[str, list[AgentHandler]] = {}

    def process(self, *names: str) -> Callable[[F], F]:
        """What a process does: ``"instance.start"``. A process without a handler just reaches its end state."""
        return self._into(self.processes, names)

    def rowless(self, *types: str, asked_by: tuple[str, ...] = ()) -> Callable[[F], F]:
        """What a type without a table shows: ``(tx, call, id)`` gives objects with an ``id``; without an id, all."""

        def decorate(function: F) -> F:
            _merge(self.without_rows, dict.fromkeys(types, Rowless(function, asked_by)))
            return function

        return decorate

    def reads(self, *names: str, uses: tuple[str, ...] = ()) -> Callable[[F], F]:
        """Read a request before its unit, in a thread: ``"environment"`` (create and update), ``"environment.upgrade"``
        (an action).

        The hook is a pure function of ``(present, given)``: the row's fields named in ``uses`` (none for create), and
        the fields of the request. The hook that does the work finds its result as ``call.read``. The unit runs only if
        those fields of the row have not changed; else the request is read again. A refused request never reaches the
        writer.
        """

        def decorate(function: F) -> F:
            _merge(self.reads_of, dict.fromkeys(names, Reading(function, uses)))
            return function

        return decorate

    def create(self, *types: str) -> Callable[[F], F]:
        """What creating does instead of inserting the row and requesting ``create``."""
        return self._into(self.creates, types)

    def update(self, *types: str) -> Callable[[F], F]:
        """What updating does instead of writing the fields and requesting ``update`` where there is one."""
        return self._into(self.updates, types)

    def remove(self, *types: str) -> Callable[[F], F]:
        """What removing does instead of requesting ``remove``."""
        return self._into(self.removes, types)

    def action(self, *names: str) -> Callable[[F], F]:
        """What an action does: ``"service.setservicelinks"``. The caller is shown what it returns: a record or a
        typed object.
        """
        return self._into(self.actions, names)

    def collective(self, *names: str) -> Callable[[F], F]:
        """What an action of a collection does: ``"environment.apply"``. One that only reads gets a ``ReadTx``."""
        return self._into(self.collectives, names)

    def offered(self, *names: str, otherwise: str | None = None) -> Callable[[F], F]:
        """Further conditions, besides the state, for offering an action to a caller: ``"volume.deactivate"``."""

        def decorate(function: F) -> F:
            _merge(self.offers, dict.fromkeys(names, Offer(function, otherwise)))
            return function

        return decorate

    def computed(self, *names: str) -> Callable[[F], F]:
        """A field that is computed when it is shown: ``"registrationToken.command"``."""
        return self._into(self.computed_fields, names)

    def link(self, *names: str) -> Callable[[F], F]:
        """A link besides the declared ones: ``"registrationToken.registrationUrl"``; None leaves it out."""
        return self._into(self.computed_links, names)

    def target(self, *names: str, offered: Callable[[Call, Any], bool] | None = None) -> Callable[[F], F]:
        """A link besides the declared ones, and the typed object or file it leads to: ``"host.hostStats"``."""

        def decorate(function: F) -> F:
            _merge(self.targets, dict.fromkeys(names, Target(function, offered)))
            return function

        return decorate

    def agent(self, *names: str) -> Callable[[F], F]:
        """What an agent's event does: ``"agent.hello"``; ``"connected"``, ``"disconnected"`` frame a connection.

        A handler gets the checked report in its form (``wire.FORMS``), or None for ``connected`` and ``disconnected``.
        It writes only rows of the host and the account of ``connection.agent_id``. Events of one agent are handled one
        after another, in the order they came. The agent's socket is not read while too many wait, so a handler must not
        wait for an answer of the same agent. Several behaviours may handle one event.
        """

        def decorate(function: F) -> F:
            for name in names:
                self.agent_events.setdefault(name, []).append(function)
            return function

        return decorate

    def add(self, other: Behaviour) -> None:
        """Add all hooks of another set. Two handlers for one name are a defect, except for agent events."""
        _merge(self.processes, other.processes)
        _merge(self.without_rows, other.without_rows)
        _merge(self.reads_of, other.reads_of)
        _merge(self.creates, other.creates)
        _merge(self.updates, other.updates)
        _merge(self.removes, other.removes)
        _merge(self.actions, other.actions)
        _merge(self.collectives, other.collectives)
        _merge(self.offers, other.offers)
        _merge(self.computed_fields, other.computed_fields)
        _merge(self.computed_links, other.computed_links)
        _merge(self.targets, other.targets)
        for name, handlers in other.agent_events.items():
            self.agent_events.setdefault(name, []).extend(handlers)

    @staticmethod
    def _into(target: dict[str, Any], names: tuple[str, ...]) -> Callable[[F], F]:
        def decorate(function: F) -> F:
            _merge(target, dict.fromkeys(names, function))
            return function

        return decorate


T = TypeVar("T")


def _merge(target: dict[str, T], more: dict[str, T]) -> None:
    for name, function in more.items():
        if name in target:
            raise ValueError(f"{name} has two handlers")
        target[name] = function


def lookup(functions: dict[str, T], type: str, suffix: str = "") -> T | None:
    """The function for a type or the nearest type above it."""
    name: str | None = type
    while name is not None:
        if name + suffix in functions:
            return functions[name + suffix]
        name = TYPES[name].parent
    return None
