# SPDX-License-Identifier: Apache-2.0
"""Pull an image on hosts before a container needs it. Source: docs/v1.md, section 11.

A ``pullTask`` has the labels of a container, and affects the hosts that its affinity rules allow. Its ``status`` shows
the progress of each host. A failing host does not affect others: the task ends with the reasons of the failed ones, and
its action ``activate`` tries again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec

from orca import wire
from orca.engine import Behaviour, CommandFailed, Failed, Run
from orca.orchestration.placement import constraints as affinity
from orca.orchestration.placement import place as placement
from orca.orchestration.placement.choose import Wanted, refusal
from orca.resources import ids, rows
from orca.storage import registries
from orca.storage.references import SIMULATED_PREFIX, image_reference
from orca.store import ReadTx, Tx
from orca.wire import names

AWAY_SECONDS = 60.0
"""Seconds to wait for a host whose agent is away."""

PULLING, DONE, NOT_CACHED, CANCELLED = "Pulling", "Done", "Not cached", "Cancelled"

behaviour = Behaviour()


@behaviour.process("pullTask.create", "pullTask.activate")
async def pull(run: Run) -> None:
    """Pull on all hosts at the same time."""
    hosts = await run.step("hosts", lambda tx: _hosts(tx, run))
    order = await run.read(lambda tx: _order(tx, run))
    pulls = [asyncio.ensure_future(_pull_on(run, host, order)) for host in hosts]
    try:
        await asyncio.gather(*pulls)
    finally:
        for running in pulls:
            running.cancel()
    status = await run.read(lambda tx: run.resource(tx, rows.PullTask).status or {})
    failures = [f"{host}: {text}" for host, text in status.items() if text not in (DONE, NOT_CACHED)]
    if failures:
        raise Failed("; ".join(failures), state="inactive")


@behaviour.process("pullTask.deactivate")
async def stop(run: Run) -> None:
    """Stop a task; its running pulls were cancelled with its process."""

    def unit(tx: Tx) -> None:
        task = run.resource(tx, rows.PullTask)
        status = task.status or {}
        tx.update(task, status={host: CANCELLED if text == PULLING else text for host, text in status.items()})

    run.finish(unit)


def _hosts(tx: Tx, run: Run) -> list[dict[str, Any]]:
    """The hosts that could run such a container, also those whose agent is away."""
    task = run.resource(tx, rows.PullTask)
    constraints = affinity.read(task.labels or {}, {})
    wanted = Wanted(simulated=task.image.startswith(SIMULATED_PREFIX), constraints=constraints)
    facts = placement.host_facts(tx, task.accountId, None, public=(), constraints=constraints)
    refused = {host.id: refusal(wanted, replace(host, avoid=None)) for host in facts}
    chosen = [host for host in facts if refused[host.id] is None]
    if not chosen:
        reasons = "; ".join(f"{host.name} {refused[host.id]}" for host in facts)
        raise Failed(f"There is no host for it ({reasons or 'none at all'})", state="inactive")
    same = Counter(host.name for host in chosen)
    shown = {
        host.id: str(host.name) if same[host.name] == 1 else f"{host.name} ({ids.show('host', host.id)})"
        for host in chosen
    }
    hosts = [
        {
            "id": host.id,
            "name": shown[host.id],
            "agentId": tx.require(rows.Host, host.id).agentId,
        }
        for host in chosen
    ]
    tx.update(task, status=dict.fromkeys(shown.values(), PULLING))
    return hosts


async def _pull_on(run: Run, host: dict[str, Any], order: dict[str, Any]) -> None:
    name, outcome = host["name"], f"outcome {host['id']}"
    if run.has(outcome):
        return

    def progress(message: str | None, percent: int | None) -> None:
        run.progress(f"{name}: {message}", percent)

    step = f"{names.PULL} {host['id']}"
    try:
        reply = await run.command(
            host["agentId"],
            names.PULL,
            order,
            patience=AWAY_SECONDS,
            step=step,
            progress=progress,
            form=wire.Pulled,
        )
        text = DONE if msgspec.convert(reply, wire.Pulled).pulled else NOT_CACHED
    except CommandFailed as error:
        text = error.message

    def unit(tx: Tx) -> None:
        task = run.resource(tx, rows.PullTask)
        tx.update(task, status={**(task.status or {}), name: text})

    await run.step(outcome, unit)


def _order(tx: ReadTx, run: Run) -> dict[str, Any]:
    """The command for the agents, with the project's credential for the registry; no step stores it."""
    task = run.resource(tx, rows.PullTask)
    image = image_reference(task.image)
    order = {"image": image, "cached": task.mode == "cached"}
    credential = registries.credential_of(tx, task.accountId, image)
    auth = credential and registries.authorization(tx, run.core.vault, credential.id)
    return {**order, "registryAuth": wire.to_data(auth)} if auth else order
