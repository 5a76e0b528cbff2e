# SPDX-License-Identifier: Apache-2.0
"""Services that ask for power over hosts, and whether the caller may (``orca.storage.host_rights``)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from orca.engine import Call
from orca.orchestration.syntax.names import PRIMARY
from orca.orchestration.units.units import needs_of
from orca.resources import rows
from orca.storage import host_rights
from orca.store import ReadTx

UPGRADED = ("upgrading", "upgraded", "canceled-upgrade")
"""States of a service in which a rollback is possible."""


def check_given(tx: ReadTx, call: Call, fields: dict[str, Any]) -> None:
    """Refuse launch configs of one service. Raises ``Refused`` with 403, naming the field."""
    for config in configs_in(fields):
        host_rights.check(tx, call, config)


def check_upgrade(tx: ReadTx, call: Call, service: rows.Service, given: dict[str, Any]) -> None:
    """Refuse new launch configs of a service, also for what they would share with the remaining ones.

    Raises:
        Refused: 403, naming the field.
    """
    check_given(tx, call, given)
    new = _parts(given)
    parts = {**_parts(service.fields()), **new}
    joined: set[str] = set()
    waiting = list(new)
    while waiting:
        names = set(needs_of(service.name, parts.get(waiting.pop(), {}))) - joined
        joined |= names
        waiting += names
    for name in sorted(joined & parts.keys() - new.keys()):
        host_rights.check(tx, call, {field: parts[name].get(field) for field in host_rights.SHARED})


def _parts(fields: dict[str, Any]) -> dict[str, dict[str, Any]]:
    primary = {PRIMARY: fields["launchConfig"]} if fields.get("launchConfig") else {}
    return {**primary, **{config["name"]: config for config in fields.get("secondaryLaunchConfigs") or []}}


def check_rollback(tx: ReadTx, call: Call, services: Iterable[rows.Service]) -> None:
    """Refuse a rollback to launch configs that the caller could not request. Raises ``Refused`` with 403."""
    for row in services:
        strategy = (row.upgrade or {}).get("inServiceStrategy") or {}
        before = {
            "launchConfig": strategy.get("previousLaunchConfig"),
            "secondaryLaunchConfigs": strategy.get("previousSecondaryLaunchConfigs"),
        }
        check_given(tx, call, before)


def configs_in(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The launch configs of a service."""
    if fields.get("launchConfig"):
        yield fields["launchConfig"]
    yield from fields.get("secondaryLaunchConfigs") or []
