# SPDX-License-Identifier: Apache-2.0
"""The volumes of a stack: their whole names, and which are to be made.

In a file with ``services:`` a name means the stack's volume ``<stack>_<name>``, unless the file gives the whole name.
In a file of version 1 a name means what it says, as in 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from orca.engine import Call
from orca.orchestration.compose.files import Compose
from orca.orchestration.compose.volumes import VolumeSpec
from orca.orchestration.services.rights import configs_in
from orca.resources import rows
from orca.storage.host_powers import host_options, source_of
from orca.storage.host_rights import told, why_not
from orca.storage.mounts import LOCAL
from orca.storage.named import is_declared, written
from orca.store import ReadTx, Tx

FIELD = "dataVolumes"


def scoped(tx: ReadTx, name: str, stack: rows.Environment | None, text: Compose) -> Compose:
    """The text with the whole names of its volumes; ``name`` is that of the stack, ``stack`` its row if there is one.

    A name that the stack's services mount already stays as it is: they were made before names had a stack.
    """
    if text.volumes is None:
        return text
    services = [] if stack is None else tx.find(rows.Service, environmentId=stack.id)
    held = {source for row in services for source in _sources(row.fields())}
    specs: dict[str, VolumeSpec] = {}

    def whole(source: str) -> str:
        spec = (text.volumes or {}).get(source, VolumeSpec())
        found = spec.name or f"{written(name)}_{source}"
        if spec.name is None and source in held and found not in held:
            return source
        specs[found] = replace(spec, name=found)
        return found

    renamed = tuple(replace(spec, fields=_renamed(spec.fields, whole)) for spec in text.services)
    return replace(text, services=renamed, volumes=specs)


def missing(tx: ReadTx, project_id: int, text: Compose) -> tuple[tuple[VolumeSpec, ...], tuple[str, ...]]:
    """The volumes that are to be made, and why others cannot be as the text says."""
    specs = text.volumes or {}
    found = tx.find(rows.Volume, accountId=project_id, name=list(specs)) if specs else []
    present = {row.name: row for row in reversed(found) if is_declared(row)}
    there = {row.name for row in found}
    wanted: list[VolumeSpec] = []
    refusals: list[str] = []
    for name, spec in specs.items():
        row = present.get(name)
        if spec.external and name not in there:
            refusals.append(f"volume {name}: there is none of that name; make it, or take `external` away")
        elif row is not None and not spec.external and _of(row) != (spec.driver, spec.options, spec.per_unit):
            refusals.append(
                f"volume {name}: it exists with another driver, other options or another per_container; give it another"
                f" name, or remove it first (orca rm {name})"
            )
        elif row is None and not spec.external and not (name in there and spec == VolumeSpec(name)):
            wanted.append(spec)
    return tuple(wanted), tuple(refusals)


def make(tx: Tx, project_id: int, spec: VolumeSpec) -> None:
    """Make the row of a volume, unless it was made meanwhile."""
    present = tx.find(rows.Volume, accountId=project_id, name=spec.name)
    if any(is_declared(row) for row in present):
        return
    tx.insert(
        rows.Volume,
        accountId=project_id,
        kind="volume",
        name=spec.name,
        driver=spec.driver,
        driverOpts=spec.options or None,
        labels=spec.labels or None,
        perUnit=spec.per_unit,
        uri=f"{spec.driver}:///{spec.name}",
        isHostPath=False,
        allocationState="inactive",
    )


def powers(tx: ReadTx, call: Call, text: Compose) -> Iterator[str]:
    """Why the caller may not have volumes of the text: options that give power over hosts."""
    reason = why_not(tx, call)
    for name, spec in (text.volumes or {}).items() if reason is not None else ():
        for option in host_options(spec.driver, spec.options):
            yield f"volume {name!r}: {told(f'driver_opts.{option}', str(reason))}"


def _of(row: rows.Volume) -> tuple[str, dict[str, Any], bool]:
    return row.driver or LOCAL, row.driverOpts or {}, bool(row.perUnit)


def _sources(fields: dict[str, Any]) -> Iterator[str]:
    for config in configs_in(fields):
        yield from (source_of(mount) for mount in config.get(FIELD) or [])


def _renamed(fields: dict[str, Any], whole: Callable[[str], str]) -> dict[str, Any]:
    """The fields of a service with other names of volumes."""

    def config(given: dict[str, Any]) -> dict[str, Any]:
        if not given.get(FIELD):
            return given
        return {**given, FIELD: [_mount(text, whole) for text in given[FIELD]]}

    result = dict(fields)
    if result.get("launchConfig"):
        result["launchConfig"] = config(result["launchConfig"])
    if result.get("secondaryLaunchConfigs"):
        result["secondaryLaunchConfigs"] = [config(each) for each in result["secondaryLaunchConfigs"]]
    return result


def _mount(text: str, whole: Callable[[str], str]) -> str:
    source = source_of(text)
    if not source or source.startswith("/"):
        return text
    return whole(source) + text[len(source) :]
