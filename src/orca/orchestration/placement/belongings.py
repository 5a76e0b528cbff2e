# SPDX-License-Identifier: Apache-2.0
"""What a container has from its creation to its removal: its network, its root volume, its ports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.orchestration.syntax import ports
from orca.orchestration.syntax.ports import ANY
from orca.resources import rows
from orca.resources.errors import Refused
from orca.resources.network import MANAGED, NETWORK_KINDS
from orca.storage import roots
from orca.store import ReadTx, Tx


def give(tx: Tx, instance: rows.Instance) -> None:
    """Make what belongs to a new container."""
    join_network(tx, instance)
    roots.make(tx, instance)
    for spec in ports.parse_all(instance.ports or []):
        tx.insert(
            rows.Port,
            accountId=instance.accountId,
            state="inactive",
            kind="userPort",
            instanceId=instance.id,
            privatePort=spec.private,
            publicPort=spec.public,
            protocol=spec.protocol,
            bindAddress=None if spec.bind == ANY else spec.bind,
        )


def join_network(tx: Tx, instance: rows.Instance) -> None:
    """Note which of its project's networks a container is in; nobody knows it of some that were made with Docker."""
    known = instance.networkMode is not None or not instance.nativeContainer
    kind = NETWORK_KINDS[mode_of(instance)] if known else None
    network = None if kind is None else tx.first(rows.Network, accountId=instance.accountId, kind=kind)
    tx.update(instance, primaryNetworkId=None if network is None else network.id)


def with_mode(tx: ReadTx, project_id: int, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request with the mode of the network that ``networkIds`` names, if they name one.

    Raises:
        Refused: several networks, one that no container can be in, or another mode beside it.
    """
    ids = set(fields.get("networkIds") or [])
    if not ids:
        return dict(fields)
    if len(ids) > 1:
        raise Refused("InvalidOption", "networkIds: a container is in one network; name one", field="networkIds")
    network = tx.get(rows.Network, ids.pop())
    modes = {kind: mode for mode, kind in NETWORK_KINDS.items()}
    if network is None or network.removed is not None or network.accountId != project_id or network.kind not in modes:
        raise Refused("InvalidReference", "networkIds: there is no such network in this project", field="networkIds")
    mode = modes[network.kind]
    if fields.get("networkMode") not in (None, MANAGED, mode):
        message = f"networkIds: this network is that of networkMode {mode}; give one of the two"
        raise Refused("InvalidOption", message, field="networkIds")
    return {**fields, "networkMode": mode}


def mode_of(instance: rows.Instance) -> str:
    """The mode of a container's network; ``managed`` where none was given."""
    return instance.networkMode or MANAGED
