# SPDX-License-Identifier: Apache-2.0
"""The verdict on a container: what its checkers and its engine say, combined and damped."""

from __future__ import annotations

from functools import partial
from typing import Any

from orca import wire
from orca.engine import Core
from orca.orchestration.health import flapping
from orca.orchestration.health import states as health_states
from orca.orchestration.health.deadlines import Deadlines
from orca.orchestration.health.states import DOWN, HEALTHY, INITIALIZING, REINITIALIZING, UNHEALTHY
from orca.resources import rows
from orca.store import ReadTx, Tx

REASON = 2000
"""Most characters of the reason that a container shows."""


def checkers_of(tx: ReadTx, instance: rows.Instance) -> list[rows.HealthcheckInstanceHostMap]:
    """The rows of a container's checkers."""
    return tx.find(rows.HealthcheckInstanceHostMap, instanceId=instance.id)


def begin(tx: Tx, core: Core, instance: rows.Instance, *, by_engine: bool = False) -> None:
    """A container has started: nobody has said anything about this start, but perhaps its engine.

    ``by_engine``: the engine has begun to check it.
    """
    instance = tx.own(instance)
    if (by_engine or instance.engineHealth) and not _of_engine(instance):
        tx.update(instance, engineHealth=_said("starting", tx.now, instance.started) if by_engine else None)
    if not instance.healthCheck:
        evaluate(tx, core, instance)
        return
    for row in checkers_of(tx, instance):
        tx.update(row, healthState=HEALTHY, said=None, pathFault=None, since=None, reason=None)
    health = INITIALIZING if instance.healthState is None else REINITIALIZING
    timeout = health_states.timeout_of(instance.healthCheck, health)
    deadline = None if timeout is None else tx.now + timeout
    tx.update(
        instance,
        healthState=health,
        checkersHealth=health,
        healthSince=tx.now,
        healthReason=None,
        healthDeadline=deadline,
    )
    if deadline is not None:
        _wake(tx, core, instance, deadline)
    if tx.own(instance).engineHealth:
        evaluate(tx, core, instance)


def engine_says(tx: Tx, core: Core, instance: rows.Instance, health: wire.EngineHealth) -> None:
    """Take the word of the engine's own check. It may come before the answer to the command that started it."""
    tx.update(instance, engineHealth=_said(health.state, min(health.at, tx.now), health.started_at, health.reason))
    if instance.state == "running":
        evaluate(tx, core, instance)


def evaluate(tx: Tx, core: Core, instance: rows.Instance) -> None:
    """Combine what is said about a running container. If nobody says anything, its health stays."""
    instance = tx.own(instance)
    if instance.lost or not (instance.healthCheck or instance.engineHealth):
        return
    found = checkers_of(tx, instance)
    engine = _of_engine(instance)
    checkers = _of_checkers(instance, found)
    if checkers != instance.checkersHealth:
        tx.update(instance, checkersHealth=checkers)
    health = health_states.with_engine(instance.healthState, checkers, engine.get("state"))
    until = flapping.held_until(instance.flaps, tx.now)
    if health == HEALTHY and instance.healthState == UNHEALTHY and until is not None:
        _wake(tx, core, instance, until)
        return
    reason = _reason(tx, found, engine) if health == UNHEALTHY else None
    deadline = instance.healthDeadline if checkers in health_states.WAITING else None
    if health == instance.healthState:
        if (reason, deadline) != (None, instance.healthDeadline):
            tx.update(instance, healthReason=reason or instance.healthReason, healthDeadline=deadline)
        return
    flaps = flapping.after_change(instance.flaps, instance.healthState, health, tx.now)
    tx.update(
        instance, healthState=health, healthSince=tx.now, healthReason=reason, healthDeadline=deadline, flaps=flaps
    )


def is_late(tx: Tx, core: Core, instance_id: int) -> None:
    """A time has come: to have become healthy, or to be looked at again after flapping."""
    instance = tx.get(rows.Instance, instance_id)
    if instance is None or instance.removed is not None or instance.state != "running":
        return
    if instance.healthDeadline is None or instance.healthDeadline > tx.now:
        evaluate(tx, core, instance)
    else:
        reason = f"not healthy within its time; {_reason(tx, checkers_of(tx, instance), _of_engine(instance))}"
        tx.update(
            instance,
            healthState=UNHEALTHY,
            checkersHealth=UNHEALTHY,
            healthSince=tx.now,
            healthReason=reason.rstrip("; ")[:REASON],
            healthDeadline=None,
        )


def _of_checkers(instance: rows.Instance, found: list[rows.HealthcheckInstanceHostMap]) -> str | None:
    """The health of a container by its checkers alone; None: it has none."""
    if not instance.healthCheck:
        return None
    # Rows of an earlier version do not keep the two apart.
    known = instance.checkersHealth or instance.healthState
    return health_states.of_checkers(known, [None if row.pathFault else row.said for row in found])


def _wake(tx: Tx, core: Core, instance: rows.Instance, at: int) -> None:
    tx.after_commit(partial(core.part(Deadlines).add, instance.id, at))


def _said(state: str, since: int, started: int | None, output: str | None = None) -> dict[str, Any]:
    """The word of an engine, as a container shows it."""
    return {"state": state, "since": since, "startedAt": started, "output": output}


def _of_engine(instance: rows.Instance) -> dict[str, Any]:
    """What the engine says about the present start of a container; empty if it says nothing."""
    known = instance.engineHealth or {}
    return known if (known.get("startedAt") or instance.started or 0) >= (instance.started or 0) else {}


def _reason(tx: ReadTx, found: list[rows.HealthcheckInstanceHostMap], engine: dict[str, Any]) -> str:
    """What hosts that find a container failing say, in words."""
    words = []
    for row in found:
        if row.said == DOWN and not row.pathFault:
            host = tx.get(rows.Host, row.hostId)
            words.append(f"{host.name if host is not None else 'a host'}: {row.reason or 'failed'}")
    if engine.get("state") == UNHEALTHY:
        words.append(f"HEALTHCHECK: {engine.get('output') or 'failed'}")
    return "; ".join(words)[:REASON]
