# SPDX-License-Identifier: Apache-2.0
"""Docker events that agents report through the API; they take the same path as reports over the agent's connection.

Source: docs/v1.md, section 11.
"""

from __future__ import annotations

from typing import Any

import msgspec

from orca import wire
from orca.engine import Behaviour, Call
from orca.hoststate.plan.network import DOCKER_NETWORK
from orca.orchestration.containers.observed import observe
from orca.orchestration.syntax.labels import CONTAINER_UUID
from orca.resources import rows
from orca.resources.errors import Refused
from orca.resources.network import MANAGED
from orca.store import Tx
from orca.wire import names

behaviour = Behaviour()

INSPECT_BYTES = 256 * 1024
"""Most bytes of an inspection, which is stored with its event."""
UUID_LABELS = (names.LABEL_INSTANCE_UUID, CONTAINER_UUID)
STATES: dict[str, wire.ContainerState] = {
    "start": "running",
    "create": "created",
    "stop": "stopped",
    "die": "stopped",
    "destroy": "removed",
}


@behaviour.create("containerEvent")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ContainerEvent:
    """Create an event: a report about one container on a host of the reporting agent."""
    agent = tx.first(rows.Agent, accountId=call.account_id)
    if agent is None:
        raise Refused("CantVerifyAgent", "only the agent of a host reports its containers")
    host = tx.first(rows.Host, uuid=fields.get("reportedHostUuid") or "", agentId=agent.id)
    if host is None:
        raise Refused("InvalidReference", "this is not a host of yours", field="reportedHostUuid")
    if not fields.get("externalId"):
        raise Refused("MissingRequired", "which container?", field="externalId")
    if len(msgspec.json.encode(fields.get("dockerInspect"))) > INSPECT_BYTES:
        message = f"dockerInspect: at most {INSPECT_BYTES} bytes are expected"
        raise Refused("MaxLengthExceeded", message, field="dockerInspect")
    event = tx.insert(rows.ContainerEvent, **{**fields, "accountId": host.accountId, "hostId": host.id})
    call.request(tx, event, "create")
    state = STATES.get(fields.get("externalStatus") or "")
    if state is not None:
        observe(tx, call.core, host, _sound(reported(fields, state)))
    return event


def _sound(report: wire.Container) -> wire.Container:
    try:
        return wire.sound(report)
    except wire.Unsound as error:
        raise Refused("InvalidFormat", str(error), field="externalId") from error


def reported(fields: dict[str, Any], state: wire.ContainerState) -> wire.Container:
    """The report in the event and in its inspection, if there is one."""
    inspect = part(fields, "dockerInspect")
    config = part(inspect, "Config")
    labels = {key: text for key, text in part(config, "Labels").items() if isinstance(text, str)}
    image = config.get("Image") or fields.get("externalFrom")
    name = inspect.get("Name")
    address = part(inspect, "NetworkSettings").get("IPAddress")
    return wire.Container(
        external_id=fields["externalId"],
        name=name.removeprefix("/") if isinstance(name, str) else "",
        state=state,
        image=image if isinstance(image, str) else "",
        uuid=next((labels[label] for label in UUID_LABELS if label in labels), None),
        address=address if isinstance(address, str) and address else None,
        labels=labels,
        system=labels.get(names.LABEL_SYSTEM, ""),
        network_mode=_mode(inspect),
    )


def _mode(inspect: dict[str, Any]) -> str:
    """How the container is connected, in the words of an agent's report; empty without an inspection."""
    if not inspect:
        return ""
    if part(inspect, "Config").get("NetworkDisabled") is True:
        return "none"
    mode = part(inspect, "HostConfig").get("NetworkMode")
    mode = mode if isinstance(mode, str) else ""
    return {"": "bridge", "default": "bridge", DOCKER_NETWORK: MANAGED}.get(mode, mode)


def part(value: dict[str, Any], key: str) -> dict[str, Any]:
    """An object inside an object; empty if it is missing or something else."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}
