# SPDX-License-Identifier: Apache-2.0
"""The config items in effect on a simulated host. The host only records them; it applies nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from orca import wire
from orca.hoststate.plan.items import FAMILIES


class Item(NamedTuple):
    """One item in effect."""

    version: int
    description: dict[str, Any]


def applied(items: Mapping[str, Item]) -> dict[str, int]:
    """The version in effect of each item."""
    return {name: item.version for name, item in items.items()}


def adopt(items: dict[str, Item], update: wire.ConfigUpdate) -> wire.ConfigApplied:
    """Take an update; the answer has the versions of all items in effect, and the errors of the others."""
    errors: dict[str, str] = {}
    for wanted in update.items:
        current = items.get(wanted.name)
        if not any(family.holds(wanted.name) for family in FAMILIES):
            errors[wanted.name] = f"unknown config item {wanted.name!r}"
        elif wanted.description is None:
            items.pop(wanted.name, None)
        elif not isinstance(wanted.description, msgspec.UnsetType):
            items[sys.intern(wanted.name)] = Item(wanted.version, wanted.description)
        elif current is None or current.version != wanted.version:
            errors[wanted.name] = f"version {wanted.version} is not on this host"
    if update.complete:
        for name in items.keys() - {wanted.name for wanted in update.items}:
            del items[name]
    return wire.ConfigApplied(applied=applied(items), errors=errors)
