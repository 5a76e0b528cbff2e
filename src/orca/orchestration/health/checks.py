# SPDX-License-Identifier: Apache-2.0
"""Who checks a container, and what becomes of its checks: begun, ended, given to other hosts.

Agents check; the server gets what changed. A container that is unhealthy is replaced by the process of its service, as
its check's strategy says (``units``).
"""

from __future__ import annotations

import random

from orca.engine import Core, discard
from orca.orchestration.health import reach, verdicts
from orca.orchestration.health.states import HEALTHY
from orca.orchestration.health.verdicts import checkers_of
from orca.provision.hosts.lifecycle import CONNECTED
from orca.resources import rows
from orca.store import ReadTx, Tx

CHECKERS = 3
"""Number of hosts that check a container, including its own."""


def begin(tx: Tx, core: Core, instance: rows.Instance, *, by_engine: bool = False) -> None:
    """Begin to check a container that has started; it is not healthy before a checker reports it.

    ``by_engine``: the engine checks it too, and has said so with its start.
    """
    if instance.healthCheck:
        check = tx.first(rows.HealthcheckInstance, instanceId=instance.id)
        if check is None:
            check = tx.insert(
                rows.HealthcheckInstance, accountId=instance.accountId, state="active", instanceId=instance.id
            )
        _choose(tx, instance, check)
    verdicts.begin(tx, core, instance, by_engine=by_engine)


def end(tx: Tx, instance: rows.Instance) -> None:
    """End the checks of a removed container."""
    discard(tx, *tx.find(rows.HealthcheckInstance, instanceId=instance.id), *checkers_of(tx, instance))


def complete(tx: Tx, check_id: int) -> None:
    """Give a check as many hosts as it should have, as far as there are any."""
    check = tx.get(rows.HealthcheckInstance, check_id)
    instance = None if check is None else tx.get(rows.Instance, check.instanceId)
    if check is not None and check.removed is None and instance is not None and instance.removed is None:
        _choose(tx, instance, check)


def hand_over(tx: Tx, core: Core, row_ids: list[int]) -> None:
    """Give checks to other hosts than those that had them; what these said counts no more."""
    for row in tx.find(rows.HealthcheckInstanceHostMap, id=row_ids):
        instance = tx.get(rows.Instance, row.instanceId)
        if instance is None or instance.hostId == row.hostId:
            continue  # only its own host is not replaced
        discard(tx, row)
        complete(tx, row.healthcheckInstanceId)
        if instance.state == "running":
            verdicts.evaluate(tx, core, instance)


def host_gone(tx: Tx, core: Core, host: rows.Host) -> None:
    """Replace a host that is removed as a checker."""
    hand_over(tx, core, [id for (id,) in tx.values(rows.HealthcheckInstanceHostMap, "id", hostId=host.id)])


def fit_hosts(tx: ReadTx, project_id: int | None) -> list[int]:
    """The hosts of a project that can check containers now."""
    found = tx.values(rows.Host, "id", accountId=project_id, state="active", agentState=CONNECTED)
    return [id for (id,) in found]


def _choose(tx: Tx, instance: rows.Instance, check: rows.HealthcheckInstance) -> None:
    """Complete the hosts that check a container: its own, and others at random.

    A checker's row shows ``healthy`` from the beginning, as in 2015, but says nothing until its first report.
    """
    present = {row.hostId for row in checkers_of(tx, instance)}
    chosen = [] if instance.hostId in present else [instance.hostId]
    room = (CHECKERS if reach.everywhere(tx, instance) else 1) - len(present) - len(chosen)
    if room > 0:
        others = [id for id in fit_hosts(tx, instance.accountId) if id not in present and id != instance.hostId]
        chosen += random.sample(others, min(room, len(others)))
    for host_id in chosen:
        tx.insert(
            rows.HealthcheckInstanceHostMap,
            accountId=instance.accountId,
            state="active",
            healthState=HEALTHY,
            healthcheckInstanceId=check.id,
            hostId=host_id,
            instanceId=instance.id,
        )
