# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines to install hosts on: one driver per kind of machine, and what a control node remembers of each."""

from __future__ import annotations

from typing import Any, Dict, Type

from .driver import Driver, MachineError
from .local import LocalDriver

DRIVERS: Dict[str, Type[Driver]] = {"local": LocalDriver}


def driver_named(name: str, **settings: Any) -> Driver:
    """The driver called ``name``.

    Raises:
        MachineError: there is no such driver; the text names the field and those there are.
    """
    if name not in DRIVERS:
        raise MachineError(f"driver: unknown driver {name!r}; known drivers are: {', '.join(sorted(DRIVERS))}")
    return DRIVERS[name](**settings)
