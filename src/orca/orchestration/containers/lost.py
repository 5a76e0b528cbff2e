# SPDX-License-Identifier: Apache-2.0
"""Containers of dead hosts: each is replaced elsewhere, or waits for its host. Nothing answers for it meanwhile."""

from __future__ import annotations

from orca.engine import Core, Processes
from orca.orchestration.containers.api import start_removal
from orca.orchestration.health import checks as health
from orca.orchestration.health.states import UNHEALTHY
from orca.resources import rows
from orca.store import Tx


def give_up(tx: Tx, engine: Processes, instance: rows.Instance) -> None:
    """Remove a container of a dead host; the host does it when it is back. Its name is free for the successor."""
    if instance.lost:
        _forgive(tx, instance)
    tx.update(instance, lost=True)
    start_removal(tx, engine, instance)


def keep_waiting(tx: Tx, instance: rows.Instance, reason: str) -> None:
    """Show why a container of a dead host is not replaced. It is unhealthy, so that nobody is sent to it."""
    if instance.transitioningMessage == reason:
        return
    tx.update(instance, transitioning="error", transitioningMessage=reason)
    if instance.lost:
        return
    tx.update(instance, lost=True, healthState=UNHEALTHY, healthSince=tx.now, healthReason=reason, healthDeadline=None)


def found_again(tx: Tx, core: Core, instance: rows.Instance) -> None:
    """The host of a container that waited is back."""
    _forgive(tx, instance)
    if instance.state == "running":
        health.begin(tx, core, instance)


def _forgive(tx: Tx, instance: rows.Instance) -> None:
    checked = instance.healthCheck or instance.engineHealth
    tx.update(
        instance,
        lost=None,
        healthState=UNHEALTHY if checked else None,
        healthSince=None,
        healthReason=None,
        transitioning=None,
        transitioningMessage=None,
    )
