# SPDX-License-Identifier: Apache-2.0
"""Where a container logs: its own driver and options, or the platform's default, which rotates."""

from __future__ import annotations

from orca import wire
from orca.provision.settings import values as settings
from orca.resources import rows
from orca.store import ReadTx


def log_config(tx: ReadTx, instance: rows.Instance) -> wire.LogConfig | None:
    """The log driver of a container and its options; None for the host's own.

    A driver that keeps files on the host has the default options too, but for those that the container gives itself.
    """
    given = instance.logConfig or {}
    default, rotation = settings.log_default(str(settings.value(tx, settings.CONTAINER_LOG)))
    driver, options = given.get("driver") or default, given.get("config") or {}
    if driver == settings.ENGINE_LOG:
        return wire.LogConfig(options=options) if options else None
    return wire.LogConfig(driver, {**rotation, **options} if driver in settings.ROTATING else options)
