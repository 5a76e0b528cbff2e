# SPDX-License-Identifier: Apache-2.0
"""All declared types, and the schema that follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from orca.resources import (
    account,
    addressing,
    certificate,
    cluster,
    credential,
    driver,
    event,
    handler,
    health,
    host,
    identity,
    instance,
    label,
    load_balancer,
    network,
    network_service,
    operation,
    service_types,
    stack,
    storage,
    stream,
    task,
    upgrade,
)
from orca.resources.processes import ProcessTable
from orca.resources.tables import always, build_schema, root_of
from orca.resources.types import ResourceType
from orca.store import Schema

CONCEPTS = (
    account,
    credential,
    identity,
    host,
    driver,
    cluster,
    network,
    addressing,
    network_service,
    instance,
    storage,
    label,
    stack,
    service_types,
    upgrade,
    health,
    load_balancer,
    certificate,
    event,
    handler,
    operation,
    task,
    stream,
)

TYPES: Mapping[str, ResourceType] = MappingProxyType(
    {type.name: type for concept in CONCEPTS for type in concept.TYPES}
)


@cache
def schema() -> Schema:
    """The store's view of all types; computed once."""
    return build_schema(TYPES)


def root(name: str) -> ResourceType:
    """The root of a type's parent chain."""
    return root_of(TYPES[name], TYPES)


def processes_of(name: str) -> ProcessTable:
    """The processes of a type by action: its own, else its parent's."""
    type = TYPES[name]
    while not type.processes and type.parent is not None:
        type = TYPES[type.parent]
    return type.processes


@cache
def always_of(name: str) -> frozenset[str]:
    """The fields that no row of a type is without."""
    return always(TYPES[name], TYPES)
