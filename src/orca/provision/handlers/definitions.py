# SPDX-License-Identifier: Apache-2.0
"""The server's description of itself: its types, their processes, and the handlers of those.

Nothing of it is stored. Source: docs/v1.md, sections 7 and 16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orca.engine import Behaviour, Call, lookup
from orca.provision.handlers.external import Handler, registered
from orca.resources import TYPES, Process
from orca.resources.views import view
from orca.store import ReadTx

behaviour = Behaviour()

POINTS = {"handlers": "", "pre.listeners": "pre.", "post.listeners": "post."}
"""The points of a process at which handlers take part, and how external handlers name them."""


@behaviour.rowless("typeDocumentation")
def documentation(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """The documentation of the fields that the caller sees."""
    types = view(call.role, call.version).types
    return [
        {
            "id": name,
            "resourceFields": {
                field: {"type": "fieldDocumentation", "description": shown.field.description}
                for field, shown in sorted(types[name].fields.items())
            },
        }
        for name in chosen(sorted(types), id)
    ]


@behaviour.rowless("resourceDefinition")
def resources(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """The types that have rows and states."""
    return [{"id": name, "name": name} for name in chosen(sorted({type for type, _, _ in processes()}), id)]


@behaviour.rowless("processDefinition")
def definitions(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """The processes of every type, with the states they lead through."""
    known = {f"{type}.{action}": (type, process) for type, action, process in processes()}
    handlers = registered(tx)
    return [
        {
            "id": name,
            "name": name,
            "resourceType": known[name][0],
            "extensionBased": False,
            "stateTransitions": transitions(known[name][1]),
            "preProcessListeners": point(call, handlers, name, "pre.listeners"),
            "processHandlers": point(call, handlers, name, "handlers"),
            "postProcessListeners": point(call, handlers, name, "post.listeners"),
        }
        for name in chosen(sorted(known), id)
    ]


@behaviour.rowless("extensionPoint")
def extension_points(tx: ReadTx, call: Call, id: str | None) -> list[dict[str, Any]]:
    """The extension points of processes, and their handlers."""
    known = {
        f"process.{type}.{action}.{where}": (f"{type}.{action}", where)
        for type, action, _ in processes()
        for where in POINTS
    }
    handlers = registered(tx)
    return [point(call, handlers, *known[name]) for name in chosen(sorted(known), id)]


def chosen(names: list[str], id: str | None) -> list[str]:
    """The requested names."""
    return names if id is None else [name for name in names if name.lower() == id.lower()]


def processes() -> Iterator[tuple[str, str, Process]]:
    """Every process: the type that declares it, its action, its states."""
    for name, type in TYPES.items():
        if type.table and type.parent is None:
            for action, process in type.processes.items():
                yield name, action, process


def transitions(process: Process) -> list[dict[str, Any]]:
    """From each state a process may start in to the one that shows it, and on to the one it ends in."""

    def one(type: str, before: str, after: str) -> dict[str, Any]:
        return {"type": type, "field": process.field, "fromState": before, "toState": after}

    begin = [one("TRANSITIONING", before, via) for before, via in sorted(process.via.items())]
    return begin + [one("DONE", via, after) for via, after in sorted(process.done.items())]


def point(call: Call, external: dict[str, list[Handler]], process: str, where: str) -> dict[str, Any]:
    """One extension point: the server's own handler where it has one, then those outside."""
    name = f"process.{process}.{where}"
    found = []
    type, _, action = process.partition(".")
    own = lookup(call.core.part(Behaviour).processes, type, f".{action}") if where == "handlers" else None
    if own is not None:
        found.append(implementation(own.__name__, f"{own.__module__}.{own.__qualname__}", {}))
    for handler in external.get(f"{POINTS[where]}{process}".lower(), []):
        properties = {
            "name": handler.name,
            "priority": str(handler.priority),
            "eventName": f"{POINTS[where]}{process};handler={handler.name}",
            "retry": None if handler.retries is None else str(handler.retries),
            "timeoutMillis": None if handler.timeout_ms is None else str(handler.timeout_ms),
        }
        found.append(implementation(handler.name, "", properties))
    return {"id": name, "name": name, "type": "extensionPoint", "implementations": found}


def implementation(name: str, where: str, properties: Mapping[str, str | None]) -> dict[str, Any]:
    """One handler of the point."""
    return {"type": "extensionImplementation", "name": name, "className": where, "properties": properties}
