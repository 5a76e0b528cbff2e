# SPDX-License-Identifier: Apache-2.0
"""What a balancer did: its containers are asked when somebody looks, and only then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from orca import wire
from orca.engine import AgentGone, Behaviour, Call, CommandFailed, Core, Later
from orca.orchestration.balancers.facts import SERVING
from orca.orchestration.placement import marks
from orca.resources import rows
from orca.store import ReadTx
from orca.wire import names

SECONDS = 5.0
"""An agent that takes longer is left out."""

behaviour = Behaviour()


class Asked(NamedTuple):
    """A container of a balancer: its name, its uuid, and the agent of its host."""

    name: str
    uuid: str
    agent_id: int | None


@behaviour.target("loadBalancerService.stats", offered=lambda call, _: call.version == "v2")
def stats(tx: ReadTx, call: Call, service: rows.LoadBalancerService) -> Later:
    """The figures of each target, by each container of the balancer."""
    found = tx.find(rows.Instance, serviceId=service.id, systemContainer=marks.BALANCER, state=list(SERVING))
    agents = dict(tx.values(rows.Host, "id", "agentId", id={row.hostId for row in found})) if found else {}
    asked = [Asked(row.name or "", row.uuid, agents.get(row.hostId)) for row in found]
    return Later(partial(_ask, call.core, asked))


async def _ask(core: Core, asked: Sequence[Asked]) -> dict[str, Any]:
    answers = await asyncio.gather(*(_figures(core, each) for each in asked))
    told = {
        target
        for answer in answers
        if isinstance(answer, wire.BalancerFigures)
        for targets in answer.backends.values()
        for target in targets
    }
    known = await core.db.read(partial(_names, uuids=told)) if told else {}
    found, silent = [], []
    for each, answer in zip(asked, answers, strict=True):
        if not isinstance(answer, wire.BalancerFigures):
            silent.append({"container": each.name, "reason": answer})
            continue
        for backend, targets in sorted(answer.backends.items()):
            for target, figures in sorted(targets.items()):
                about = {"container": each.name, "backend": backend, "target": known.get(target, target)}
                found.append(about | _shown(figures))
    return {"type": "balancerStats", "links": {}, "actions": {}, "targets": found, "unanswered": silent}


async def _figures(core: Core, asked: Asked) -> wire.BalancerFigures | str:
    """What a container's host says, or why it does not."""
    connection = core.agents.get(asked.agent_id)
    if connection is None:
        return "the agent of its host is away"
    try:
        async with asyncio.timeout(SECONDS):
            answer = await connection.request(
                names.BALANCER_STATS, wire.to_data(wire.LookAtBalancer(instance=asked.uuid))
            )
        return wire.read_answer(names.BALANCER_STATS, answer, wire.BalancerFigures)
    except TimeoutError:
        return f"no answer in {SECONDS:g} s"
    except (AgentGone, CommandFailed, wire.WireError) as error:
        return str(error)


def _shown(figures: wire.TargetFigures) -> dict[str, Any]:
    return {
        "state": figures.state,
        "sessions": figures.sessions,
        "requests": figures.requests,
        "errors": figures.errors,
        "bytesIn": figures.bytes_in,
        "bytesOut": figures.bytes_out,
    }


def _names(tx: ReadTx, uuids: set[str]) -> dict[str, str]:
    """The names of the containers among some targets."""
    return {uuid: name for uuid, name in tx.values(rows.Instance, "uuid", "name", uuid=uuids) if name}
