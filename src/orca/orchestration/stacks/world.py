# SPDX-License-Identifier: Apache-2.0
"""Read the present state for a plan: a stack's services as text would describe them, and everything else it needs.

Read in bulk: the number of queries does not grow with the number of services.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from orca.orchestration.compose.keys import SERVICE_KEYS
from orca.orchestration.compose.section import LinkSpec
from orca.orchestration.compose.specs import ServiceSpec
from orca.orchestration.stacks import engines
from orca.orchestration.stacks import waits as stack_waits
from orca.orchestration.stacks.differences import plain
from orca.orchestration.stacks.plan import Present, World, live_fields
from orca.resources import rows
from orca.storage.references import is_nothing
from orca.store import ReadTx

GONE = "removing"


def world(
    tx: ReadTx, project_id: int, name: str, stack: rows.Environment | None, wanted: Iterable[ServiceSpec]
) -> World:
    """The present state for a plan of the stack ``name``; ``stack`` is its row, if there is one."""
    found = [] if stack is None else [row for row in tx.find(rows.Service, environmentId=stack.id) if row.state != GONE]
    stated = _Stated(tx, found)
    present = {
        row.name.casefold(): Present(
            row.id,
            stated.spec(row, started=False),
            row.state,
            failing=row.transitioning == "error",
            waits=stack_waits.read(row),
        )
        for row in found
    }
    specs = list(wanted)
    linked = {link.stack.casefold() for spec in specs for link in spec.links if link.stack is not None}
    stacks = dict(tx.values(rows.Environment, "id", "name", accountId=project_id)) if linked else {}
    near = {id: title for id, title in stacks.items() if title.casefold() in linked}
    others = tx.values(rows.Service, "environmentId", "name", "state", environmentId=list(near)) if near else []
    certified = any(spec.certificates for spec in specs)
    return World(
        name,
        present,
        frozenset(title.casefold() for title in stacks.values()),
        {(near[id].casefold(), each.casefold()): (near[id], each) for id, each, state in others if state != GONE},
        frozenset(title for (title,) in tx.values(rows.Certificate, "name", accountId=project_id))
        if certified
        else frozenset(),
        _engines(tx, project_id) if any(map(engines.asks, specs)) else {},
    )


def _engines(tx: ReadTx, project_id: int) -> dict[str, str]:
    """The version of Docker on each host of a project that has reported one."""
    found = ((host, ((host.info or {}).get("osInfo") or {})) for host in tx.find(rows.Host, accountId=project_id))
    return {str(host.name): str(info["dockerVersion"]) for host, info in found if info.get("dockerVersion")}


def specs(tx: ReadTx, stack: rows.Environment, ids: Collection[int]) -> list[ServiceSpec]:
    """The services of a stack as text would describe them; with ``ids``, only those."""
    found = [row for row in tx.find(rows.Service, environmentId=stack.id) if not ids or row.id in ids]
    stated = _Stated(tx, found)
    return [stated.spec(row, started=bool(stack.startOnCreate)) for row in found]


class _Stated:
    """Some services of a stack, with the names of resources that they refer to."""

    def __init__(self, tx: ReadTx, found: list[rows.Service]) -> None:
        self._inside = {row.id: row.name for row in found}
        self._ties: dict[int, list[rows.ServiceConsumeMap]] = {}
        for tie in tx.find(rows.ServiceConsumeMap, serviceId=list(self._inside)) if found else []:
            if not tie.selected:
                self._ties.setdefault(tie.serviceId, []).append(tie)
        outside = {tie.consumedServiceId for ties in self._ties.values() for tie in ties} - self._inside.keys()
        others = tx.values(rows.Service, "id", "name", "environmentId", id=list(outside)) if outside else []
        stacks = {stack for _, _, stack in others}
        names = dict(tx.values(rows.Environment, "id", "name", id=list(stacks))) if stacks else {}
        self._outside = {id: (name, names[stack]) for id, name, stack in others}
        certificates = {id for row in found for field in _certified(row) for id in _listed(row.get(field))}
        self._certificates = (
            dict(tx.values(rows.Certificate, "id", "name", id=list(certificates))) if certificates else {}
        )

    def spec(self, row: rows.Service, *, started: bool) -> ServiceSpec:
        """One of them. ``started``: the stack is up, so that an inactive service was stopped on purpose."""
        named = _certified(row)
        fields = {name: row.get(name) for name in live_fields(row.kind) - named if row.get(name) is not None}
        if row.state == "inactive" and started:
            fields["startOnCreate"] = False
        if config := plain(row.launchConfig):
            fields["launchConfig"] = config
        if sidekicks := _sidekicks(row):
            fields["secondaryLaunchConfigs"] = [{"name": config["name"], **plain(config)} for config in sidekicks]
        links = [self._link(tie) for tie in self._ties.get(row.id, [])]
        certificates = {field: self._names(row.get(field)) for field in named if row.get(field)}
        return ServiceSpec(row.name, row.kind, fields, tuple(links), certificates, row.strategy or {})

    def _link(self, tie: rows.ServiceConsumeMap) -> LinkSpec:
        id = tie.consumedServiceId
        name, stack = (self._inside[id], None) if id in self._inside else self._outside[id]
        return LinkSpec(name, tie.name or name, stack, tuple(tie.ports or ()))

    def _names(self, ids: Any) -> Any:
        return [self._certificates.get(id) for id in ids] if isinstance(ids, list) else self._certificates.get(ids)


def _certified(row: rows.Service) -> set[str]:
    """The fields of a service that name certificates."""
    return {entry.field for entry in SERVICE_KEYS[row.kind].certificates.values()}


def _listed(ids: Any) -> list[int]:
    return ids if isinstance(ids, list) else [ids] if ids else []


def _sidekicks(row: rows.Service) -> list[dict[str, Any]]:
    """The sidekicks of a service; an upgrade removes one by an image without containers."""
    return [config for config in row.secondaryLaunchConfigs or [] if not is_nothing(config.get("imageUuid"))]
