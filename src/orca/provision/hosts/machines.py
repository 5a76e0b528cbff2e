# SPDX-License-Identifier: Apache-2.0
"""Machines that drivers make for the platform: their drivers' configuration, and their removal.

An external handler of ``physicalhost.create`` and ``physicalhost.bootstrap`` makes the machine. Without a handler a
machine stays active and waits for the agent that reports its ``externalId``.
"""

from __future__ import annotations

import json
import uuid
from base64 import b64decode
from typing import Any

from orca.engine import Behaviour, Call, Processes, Run, request_removal
from orca.resources import TYPES, rows
from orca.resources.driver import CONFIGS, SECRETS
from orca.resources.errors import Refused
from orca.resources.fields import UNSET
from orca.store import ReadTx, Tx

CONTEXT = "machine.secrets"
CONFIG_CONTEXT = "machine.config"
DRIVERS = tuple(config.name for config in CONFIGS)

behaviour = Behaviour()


@behaviour.create("machine")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Machine:
    """Create a machine of one driver. The user's secrets are sealed and never shown."""
    name = next(name for name in DRIVERS if fields.get(name) is not None)
    given = _with_defaults(name, fields[name])
    secrets = {key: value for key, value in given.items() if key in SECRETS and value is not None}
    if fields.get("authKey"):
        secrets["authKey"] = fields.pop("authKey")
    fields[name] = {key: value for key, value in given.items() if key not in secrets}
    row = tx.insert(
        rows.Machine,
        **{**fields, "accountId": call.account_id},
        driver=name.removesuffix("Config"),
        externalId=str(uuid.uuid4()),
    )
    tx.update(row, secret=call.core.vault.seal(json.dumps(secrets), CONTEXT))
    call.request(tx, row, "create")
    return row


def _with_defaults(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """A driver's configuration, with the driver's defaults where nothing is given."""
    defaults = {key: field.default for key, field in TYPES[name].fields.items() if field.default is not UNSET}
    return defaults | {key: value for key, value in given.items() if value is not None or key not in defaults}


@behaviour.update("machine")
def update(tx: Tx, call: Call, row: rows.Machine, fields: dict[str, Any]) -> rows.Machine:
    """Store what the machine's handler reports. The bundle with the machine's keys is sealed."""
    if "extractedConfig" in fields:
        bundle = fields.pop("extractedConfig")
        sealed = None if bundle is None else call.core.vault.seal(packed(bundle), CONFIG_CONTEXT)
        row = tx.update(row, config=sealed)
    return tx.update(row, **fields)


def packed(bundle: str) -> str:
    """The given bundle, if it is Base64. Raises ``Refused``."""
    try:
        b64decode(bundle, validate=True)
    except ValueError:
        raise Refused("InvalidFormat", "a tar.gz in Base64 is expected", field="extractedConfig") from None
    return bundle


@behaviour.computed("machine.extractedConfig")
def extracted_config(tx: ReadTx, call: Call, row: rows.Machine) -> str | None:
    """The bundle, for the machine's handler."""
    sealed = row.config
    return None if sealed is None else call.core.vault.open(sealed, CONFIG_CONTEXT)


def has_config(call: Call, row: rows.Machine) -> bool:
    """True if there is a bundle and the caller may have it: it gives power over the machine."""
    return row.config is not None and call.role not in ("readonly", "readAdmin")


@behaviour.target("machine.config", offered=has_config)
def config(tx: ReadTx, call: Call, row: rows.Machine) -> bytes:
    """The bundle as a file."""
    return b64decode(extracted_config(tx, call, row) or "")


@behaviour.process("physicalHost.remove")
async def remove(run: Run) -> None:
    """Remove a machine, or another computer below hosts, after those hosts; then the agent that has none."""

    def unit(tx: Tx) -> None:
        for host in _hosts(tx, run.resource_id):
            request_removal(run.engine, tx, host)

    await run.step("hosts", unit)
    await run.wait_for("the removal of its hosts", lambda tx: not _hosts(tx, run.resource_id), roots={"host"})
    run.finish(lambda tx: _remove_agent(tx, run))


def _hosts(tx: ReadTx, machine_id: int) -> list[rows.Host]:
    return tx.find(rows.Host, physicalHostId=machine_id)


def _remove_agent(tx: Tx, run: Run) -> None:
    """Remove an agent that never said hello, or whose hosts went before; the last host takes its agent along."""
    agent = tx.get(rows.Agent, run.resource(tx, rows.PhysicalHost).agentId)
    if agent is not None and agent.removed is None and agent.state != "removing":
        request_removal(run.engine, tx, agent)


def host_is_gone(tx: Tx, engine: Processes, machine: rows.Machine) -> None:
    """Remove a machine after its last host."""
    if machine.state not in ("removing", "removed"):
        engine.request(tx, machine, "remove")
