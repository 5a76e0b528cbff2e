# SPDX-License-Identifier: Apache-2.0
"""The config items of this host: keep the last good ones, apply changes through hoststate, repair drift."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from orca.hoststate.apply import AGENT, DriftWatch, Host, HostStateError, Kind, apply_kind, kinds
from orca.hoststate.plan import network
from orca.hoststate.plan.items import NETWORK, PORT, Family
from orca.wire import ConfigApplied, ConfigUpdate

from .errors import AgentError

#: Raises AgentError when a port (number, protocol, bind address) cannot be published on this host.
PortCheck = Callable[[int, str, str], Awaitable[None]]


class Item(msgspec.Struct, frozen=True):
    """One item in effect."""

    version: int
    description: dict[str, Any]


Items = dict[str, Item]

T = TypeVar("T")

#: Errors of applying an item: the host refuses, or the description makes no sense.
FAILURES = (HostStateError, ValueError, KeyError, TypeError, OSError)

_log = logging.getLogger(__name__)


class Config:
    """The items in effect on this host, and the one thread that changes the host."""

    def __init__(self, host: Host, check_port: PortCheck) -> None:
        """Args: hoststate's view of the host, and the check for ports that are taken."""
        self._host = host
        self._check_port = check_port
        self._items: Items = {}
        self.revision = 0
        """Grows with each change of the items in effect."""
        self._drift = DriftWatch(host)
        self._followers: list[tuple[Kind, asyncio.Event]] = []
        # hoststate blocks, and serves one writer at a time anyway (its lock).
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hoststate")

    def close(self) -> None:
        """Wait for a running change of the host."""
        self._thread.shutdown()

    @property
    def applied(self) -> dict[str, int]:
        """The version in effect of each item."""
        return {name: item.version for name, item in self._items.items()}

    @property
    def network(self) -> dict[str, Any] | None:
        """The description of the kind ``network``, None while this host has none."""
        return network.describe(self._descriptions(self._items))

    def family(self, family: Family) -> dict[str, dict[str, Any]]:
        """Return the descriptions of the items of a keyed family by key."""
        return {key: item.description for key, item in family.of(self._items).items()}

    def changes(self, kind: Kind) -> asyncio.Event:
        """Return an event that is set whenever items of a kind change."""
        event = asyncio.Event()
        self._followers.append((kind, event))
        return event

    def described(self, kind: Kind) -> dict[str, Any] | None:
        """Return what is wanted of a kind, None if nothing is."""
        return kind.describe(self._descriptions(self._items))

    async def with_host(self, kind: Kind, work: Callable[[Host, Mapping[str, Any]], T]) -> T | None:
        """Run ``work`` where nothing else changes the host, with what is wanted of a kind; None if nothing is.

        Raises:
            HostStateError, OSError, ValueError: those of ``work``.
        """
        description = self.described(kind)
        if description is None:
            return None

        def locked() -> T:
            with self._host.ledger.lock():
                return work(self._host, description)

        return await self._call(locked)

    async def restore(self) -> None:
        """Read the last good items from disk and apply them. Failures are logged; the reconciler tries again."""
        self._items = await self._call(self._load)
        self.revision += 1
        if self._items:
            await self.reapply()
        for kind in kinds.KINDS:
            self._tell(kind)

    async def reapply(self, some: Iterable[Kind] | None = None) -> None:
        """Apply the items in effect again, of all kinds or of some, after Docker's start or after drift."""
        for kind in kinds.KINDS if some is None else some:
            try:
                await self._apply(kind, self._items)
            except FAILURES as error:
                _log.error("%s: %s", kind.name, error)

    async def drifted(self, *, docker: bool) -> list[Kind]:
        """Return the kinds that are no longer as described; with ``docker`` the system containers count as well.

        Raises:
            EngineUnavailable: Docker does not answer.
            HostStateError: the host cannot be observed.
        """
        descriptions = self._descriptions(self._items)
        wanted = {kind.name: kind.describe(descriptions) for kind in kinds.KINDS}
        return await self._call(lambda: self._drift.drifted(wanted, docker))

    async def update(self, update: ConfigUpdate) -> ConfigApplied:
        """Bring the changed items into effect; return the versions in effect and why others are not.

        An item that fails keeps its former version in effect and does not hold up the others.
        """
        changes, errors = await self._changes(update)
        affected, carrier = kinds.affected(changes), NETWORK.item()
        removing = carrier in changes and changes[carrier] is None
        # The network carries the other kinds: it comes first and goes last.
        for kind in reversed(affected) if removing else affected:
            own = {name: item for name, item in changes.items() if kind.takes(name)}
            errors |= await self._adopt(kind, {**own, carrier: None} if removing else own)
        return ConfigApplied(applied=self.applied, errors=errors)

    # -- steps ---------------------------------------------------------------------------------------------------

    async def _changes(self, update: ConfigUpdate) -> tuple[dict[str, Item | None], dict[str, str]]:
        """Return the changes to the items in effect (None: remove), and the items that cannot be applied at all."""
        changes: dict[str, Item | None] = {}
        errors: dict[str, str] = {}
        for wanted in update.items:
            current = self._items.get(wanted.name)
            try:
                kinds.kind_of(wanted.name)
                if wanted.description is None:
                    if current is not None:
                        changes[wanted.name] = None
                elif isinstance(wanted.description, msgspec.UnsetType):
                    if current is None or current.version != wanted.version:
                        errors[wanted.name] = f"version {wanted.version} is not on this host"
                elif current is None or current != Item(wanted.version, wanted.description):
                    if current is None and PORT.holds(wanted.name):
                        await self._check_free(wanted.description)
                    changes[wanted.name] = Item(wanted.version, wanted.description)
            except (ValueError, AgentError) as error:
                errors[wanted.name] = str(error)
        if update.complete:
            listed = {wanted.name for wanted in update.items}
            changes |= {name: None for name in self._items if name not in listed}
        return changes, errors

    async def _check_free(self, port: Mapping[str, Any]) -> None:
        try:
            await self._check_port(int(port["publicPort"]), str(port["protocol"]), str(port.get("bindAddress") or ""))
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error

    async def _adopt(self, kind: Kind, changes: Mapping[str, Item | None]) -> dict[str, str]:
        """Apply ``kind`` with ``changes``; keep those that work, return the reasons of the others by name.

        If a description makes no sense, the changes are tried one by one, so that only the bad one is lost. If the host
        itself refuses, all wait until the server sends them again.
        """
        wanted = {name: item for name, item in {**self._items, **changes}.items() if item is not None}
        try:
            await self._apply(kind, wanted)
        except FAILURES as error:
            if len(changes) <= 1 or isinstance(error, HostStateError | OSError):
                _log.error("%s: %s", kind.name, error)
                # This kind has no change of its own: the change of the network made it fail.
                return dict.fromkeys(changes or [NETWORK.item()], _words(error))
            errors: dict[str, str] = {}
            for name, item in changes.items():
                errors |= await self._adopt(kind, {name: item})
            return errors
        self._items = wanted
        self.revision += 1
        await self._call(self._save, kind)
        self._tell(kind)
        return {}

    def _tell(self, kind: Kind) -> None:
        for wanted, event in self._followers:
            if wanted is kind:
                event.set()

    async def _apply(self, kind: Kind, items: Items) -> None:
        """Apply one kind and log what was done."""
        description = kind.describe(self._descriptions(items))
        version = max((item.version for name, item in items.items() if kind.takes(name)), default=0)
        if description is None and not await self._call(self._owned, kind):
            return  # the agent never applied it, so there is nothing to remove
        result = await self._call(lambda: apply_kind(kind, description, owner=AGENT, version=version, host=self._host))
        for action in result.actions:
            _log.info("%s: %s", kind.name, action)

    @staticmethod
    def _descriptions(items: Items) -> dict[str, dict[str, Any]]:
        return {name: item.description for name, item in items.items()}

    def _owned(self, kind: Kind) -> bool:
        owner = self._host.ledger.read(kind.name)
        return owner is not None and owner.owner == AGENT

    def _load(self) -> Items:
        found: Items = {}
        for kind in kinds.KINDS:
            try:
                stored = self._host.ledger.load_items(kind.name)
                found |= {name: msgspec.convert(item, Item) for name, item in stored.items()}
            except (HostStateError, msgspec.ValidationError) as error:
                _log.error("the last good items of %s are lost: %s", kind.name, error)  # the server sends them again
        return found

    def _save(self, kind: Kind) -> None:
        own = {name: msgspec.to_builtins(item) for name, item in self._items.items() if kind.takes(name)}
        self._host.ledger.save_items(kind.name, own)

    async def _call(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)


def _words(error: Exception) -> str:
    """Return an error for people; a bare KeyError says only the key."""
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
