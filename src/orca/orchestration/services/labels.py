# SPDX-License-Identifier: Apache-2.0
"""Labels of services as rows of their own, so that a selector reads only the services that it can match.

Each label has two rows: one for its key, and one for its key and value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

import sqlalchemy as sa

from orca.orchestration.syntax import selectors
from orca.orchestration.syntax.selectors import Requirement
from orca.resources import rows
from orca.resources.indexed_text import digest
from orca.store import Prepared, PreparedWrite, ReadTx, Tx, adding

TABLE = "service_label"


def of(service: rows.Service) -> dict[str, str]:
    """The labels that selectors compare."""
    return (service.launchConfig or {}).get("labels") or {}


def write(tx: Tx, service: rows.Service) -> None:
    """Make the rows match the labels of the service."""
    _write(tx, service, {digest(text) for key, value in of(service).items() for text in (key, _pair(key, value))})


def forget(tx: Tx, service: rows.Service) -> None:
    """Let no selector find the service any more."""
    _write(tx, service, set())


def _write(tx: Tx, service: rows.Service, wanted: set[str]) -> None:
    table = tx.table(TABLE)
    present = {text for (text,) in tx.ask(_of_service(table), {"service": service.id})}
    for text in sorted(present - wanted):
        tx.run(_removing(table), {"service": service.id, "text": text})
    for text in sorted(wanted - present):
        tx.send(adding(table), {"account_id": service.accountId, "label": text, "service_id": service.id})


def candidates(tx: ReadTx, project_id: int, selector: str) -> Collection[int]:
    """The ids of the services in a project that a selector can match.

    If it names no label that a service must have, these are all services of the project.
    """
    required = [requirement for requirement in selectors.parse(selector) if not requirement.negated]
    # Many services may have the same key.
    closest = [requirement for requirement in required if requirement.values is not None] or required
    found = [_having(tx, project_id, _texts(requirement)) for requirement in closest]
    if not found:
        return [id for (id,) in tx.values(rows.Service, "id", accountId=project_id)]
    return sorted(set.intersection(*found))


def _texts(requirement: Requirement) -> list[str]:
    """The texts of which a service must have one."""
    if requirement.values is None:
        return [requirement.key]
    return [_pair(requirement.key, value) for value in requirement.values]


def _having(tx: ReadTx, project_id: int, texts: Iterable[str]) -> set[int]:
    """The services with a label of one of these texts."""
    return {
        id
        for text in texts
        for (id,) in tx.ask(_with_label(tx.table(TABLE)), {"project": project_id, "text": digest(text)})
    }


def _pair(key: str, value: str) -> str:
    return f"{key}={value}"


@cache
def _with_label(table: sa.Table) -> Prepared:
    mine = table.c.account_id == sa.bindparam("project")
    return Prepared(sa.select(table.c.service_id).where(mine, table.c.label == sa.bindparam("text")))


@cache
def _of_service(table: sa.Table) -> Prepared:
    return Prepared(sa.select(table.c.label).where(table.c.service_id == sa.bindparam("service")))


@cache
def _removing(table: sa.Table) -> PreparedWrite:
    mine = table.c.service_id == sa.bindparam("service")
    return PreparedWrite(sa.delete(table).where(mine, table.c.label == sa.bindparam("text")))
