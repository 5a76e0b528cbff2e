# SPDX-License-Identifier: Apache-2.0
"""Programs outside that take part in processes. Source: docs/v1.md, section 16.

The server asks a handler by an event ``[pre.|post.]<process>;handler=<name>`` before its own work on the process
(``pre.`` ones first) or after it (``post.``). The reply goes into the resource; an error ends the process. Each handler
answers once per process, and the answer is stored as a step. If the server dies before that, it asks the handler again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from orca import wire
from orca.engine import Assembly, Behaviour, Call, CommandFailed, Core, Failed, Run
from orca.engine.exchange import Exchange
from orca.resources import TYPES, ids, limits, processes_of, rows
from orca.resources.errors import Refused
from orca.resources.tables import own_keys
from orca.resources.validation import Validator
from orca.resources.views import inherited_fields, view
from orca.store import NotUnique, ReadTx, Tx

behaviour = Behaviour()

ROOTS = frozenset({"externalHandler", "externalHandlerProcess", "externalHandlerExternalHandlerProcessMap"})
NAME = re.compile(r"(pre\.|post\.)?[a-zA-Z0-9]+\.[a-zA-Z0-9]+")
PRIORITY = 1000
RETRIES = 3
TIMEOUT_MS = 60_000
OURS = frozenset({"id", "uuid", "kind", "type", "state", "created", "removed", "accountId"})
"""Fields that no reply may set."""
FORMS: dict[str, type] = {"string": str, "enum": str, "int": int, "boolean": bool, "map": dict, "array": list}


@dataclass(frozen=True)
class Handler:
    """One handler's part in one process. ``retries`` and ``timeout_ms`` as given: None means the default."""

    id: int
    name: str
    priority: int
    retries: int | None
    timeout_ms: int | None
    on_error: str | None

    @property
    def attempts(self) -> int:
        """How often the handler is asked in all."""
        return self.retries or RETRIES

    @property
    def timeout(self) -> float:
        """How many seconds it has for each answer."""
        return (self.timeout_ms or TIMEOUT_MS) / 1000


class Handlers:
    """The handlers of each process, read again when they change."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._changes = core.db.bus.subscribe(ROOTS, limit=1)
        self._known: dict[str, list[Handler]] | None = None

    async def of(self, name: str) -> list[Handler]:
        """The handlers of a process, or of a listener of it, in their order."""
        if self._known is None or self._changes.waiting:
            self._changes.forget()
            self._known = await self._core.db.read(registered)
        return self._known.get(name.lower(), [])

    async def before(self, run: Run) -> None:
        """Ask the handlers that come before the server's own work."""
        await self._ask(run, "pre.")
        await self._ask(run, "")

    async def after(self, run: Run) -> None:
        """Ask the handlers that come after it."""
        await self._ask(run, "post.")

    async def _ask(self, run: Run, phase: str) -> None:
        for handler in await self.of(phase + run.name):
            step = f"handler/{phase}{handler.id}"
            if not run.has(step):
                data = await question(run, phase, handler, self._core.part(Exchange))
                try:
                    await run.step(step, partial(take_over, run=run, data=data))
                except NotUnique as error:
                    message = f"{handler.name} gave a {error.field} that is already in use"
                    raise Failed(message, chain=error_process(run, handler)) from None


async def question(run: Run, phase: str, handler: Handler, exchange: Exchange) -> dict[str, Any]:
    """Ask a handler until it answers; return its reply's data. Raises ``Failed``."""
    chain = error_process(run, handler)
    for attempt in range(handler.attempts):
        event = wire.Event.request(f"{phase}{run.name};handler={handler.name}", {"processData": run.data})
        event.resource_type, event.resource_id = run.resource_type, ids.show(run.resource_type, run.resource_id)
        run.log(f"{event.name} asked" + (f", attempt {attempt + 1}" if attempt else ""))
        try:
            about = (run.resource_type, run.resource_id)
            reply = await exchange.ask(event, about, handler.timeout, run.progress)
        except TimeoutError:
            continue
        except CommandFailed as error:
            raise Failed(error.message, chain=chain) from None
        return reply.data
    raise Failed(f"{handler.name} did not answer {phase}{run.name} within {handler.timeout:g} s", chain=chain)


def error_process(run: Run, handler: Handler) -> str | None:
    """The process that ``onError`` names, if the resource has it."""
    action = (handler.on_error or "").rpartition(".")[2]
    return action if action in processes_of(run.resource_type) else None


def take_over(tx: Tx, *, run: Run, data: dict[str, Any]) -> None:
    """Put a reply into the process's resource."""
    merge(tx, run.any_resource(tx), data)


def merge(tx: Tx, record: rows.Resource, data: dict[str, Any]) -> None:
    """Put a reply into the resource: fields of their declared form, and ``data`` (or ``+data``) key by key."""
    given = data.get(record.type) or data.get(record.root) or data
    if not isinstance(given, dict):
        return
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name in ("data", "+data") and isinstance(value, dict):
            fields["data"] = loose(record.type, value)
        elif fits(record.type, name, value):
            fields[name] = value
    tx.update(record, **fields)


def loose(type: str, data: dict[str, Any]) -> dict[str, Any]:
    """The keys of ``data`` that are neither fields nor the server's own."""
    kept = {"fields", *own_keys(TYPES[type], TYPES).values()}
    return {key: value for key, value in data.items() if key not in kept}


def fits(type: str, name: str, value: Any) -> bool:
    """True if a value may become a resource's field: it is of the field's type, and within the field's limits.

    A field that nobody sees is the server's own, such as the hash of a secret.
    """
    field = inherited_fields(TYPES[type]).get(name)
    if field is None or field.secret or name in OURS or name.endswith("State") or "reference[" in field.type:
        return False
    if not field.letters("superadmin"):
        return False
    form = FORMS.get(field.type.partition("[")[0])
    if form is None or not isinstance(value, form) or (form is int and isinstance(value, bool)):
        return False
    seen = view("superadmin", "v2")
    try:
        limits.check({name: value})
        Validator(seen, strict=False).update(seen.types[type], {name: value})
    except Refused:
        return False
    return True


def registered(tx: ReadTx) -> dict[str, list[Handler]]:
    """Every part that is active, by process."""
    found: dict[str, list[Handler]] = {}
    handlers = {row.id: row for row in tx.find(rows.ExternalHandler, state="active")}
    processes = {row.id: row for row in tx.find(rows.ExternalHandlerProcess, state="active")}
    for part in tx.find(rows.ExternalHandlerExternalHandlerProcessMap, state="active"):
        row, process = handlers.get(part.externalHandlerId), processes.get(part.externalHandlerProcessId)
        if row is not None and process is not None:
            handler = Handler(
                row.id,
                row.name or "",
                PRIORITY if row.priority is None else row.priority,
                row.retries,
                row.timeoutMillis,
                part.onError,
            )
            found.setdefault((process.name or "").lower(), []).append(handler)
    for parts in found.values():
        parts.sort(key=lambda handler: (handler.priority, handler.id))
    return found


@behaviour.create("externalHandler")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalHandler:
    """A handler, and its part in each process that it names."""
    configs = fields["processConfigs"]
    for config in configs:
        for name in names(config):
            if not NAME.fullmatch(name):
                raise Refused("InvalidFormat", f"{name}: [pre.|post.]type.action is expected", field="processConfigs")
    if not fields.get("name"):
        raise Refused("MissingRequired", "events are named after the handler", field="name")
    handler = tx.insert(rows.ExternalHandler, **fields)
    call.request(tx, handler, "create")
    for config in configs:
        for name in names(config):
            process = tx.first(rows.ExternalHandlerProcess, name=name)
            if process is None:
                process = tx.insert(rows.ExternalHandlerProcess, name=name)
                call.request(tx, process, "create")
            part = tx.insert(
                rows.ExternalHandlerExternalHandlerProcessMap,
                externalHandlerId=handler.id,
                externalHandlerProcessId=process.id,
                onError=config.get("onError"),
            )
            call.request(tx, part, "create")
    return handler


def names(config: dict[str, Any]) -> list[str]:
    """The processes of one entry, which lists them with commas."""
    return [name.strip() for name in (config.get("name") or "").split(",")]


def install(assembly: Assembly) -> None:
    """Run the handlers of every process."""
    assembly.provide(Exchange())
    assembly.add(behaviour)
    handlers = Handlers(assembly)
    assembly.engine.before.append(handlers.before)
    assembly.engine.after.append(handlers.after)
