# SPDX-License-Identifier: Apache-2.0
"""Storage that several hosts share: agents report its pools and the volumes in them.

Source: docs/v1.md, section 14. An event takes effect in the unit that stores it. The same event again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.engine import Behaviour, Call, request_removal
from orca.provision.hosts.reports import keep, reporter
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage import pools, volumes
from orca.storage.mounts import NAME
from orca.store import Tx

POOL_CREATE = "storagepool.create"
VOLUME_CREATE = "volume.create"
VOLUME_DELETE = "volume.delete"
LONGEST = 128
"""Characters of an external id."""
OUTSIDE = -1
"""``deviceNumber`` of a volume that no container brought along."""

behaviour = Behaviour()


@behaviour.create("externalStoragePoolEvent")
def pool_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalStoragePoolEvent:
    """Make a pool, or the one of that ``externalId`` as the event says: its hosts are exactly those that are named."""
    agent, project_id = reporter(tx, call)
    if fields.get("eventType") != POOL_CREATE:
        raise Refused("InvalidOption", f"eventType: {POOL_CREATE} is expected", field="eventType")
    told = _told(fields, "storagePool")
    name = _text(told, "name", "storagePool") or _external_id(fields)
    changes = {
        "name": name,
        "agentId": agent.id,
        "driverName": _text(told, "driverName", "storagePool") or name,
        "volumeAccessMode": _text(told, "volumeAccessMode", "storagePool"),
    }
    pool = tx.first(rows.StoragePool, accountId=project_id, externalId=_external_id(fields), external=True)
    if pool is None:
        known = {"accountId": project_id, "externalId": _external_id(fields), "external": True}
        pool = tx.insert(rows.StoragePool, **known, **changes)
        call.request(tx, pool, "create")
    else:
        tx.update(pool, **changes)
    hosts = tx.find(rows.Host, accountId=project_id, uuid=fields["hostUuids"]) if fields.get("hostUuids") else []
    _reach(tx, call, pool, {host.id for host in hosts})
    return keep(tx, call, rows.ExternalStoragePoolEvent, fields, project_id)


def _reach(tx: Tx, call: Call, pool: rows.StoragePool, wanted: set[int]) -> None:
    """Tie a pool to exactly these hosts."""
    present = {tie.hostId: tie for tie in tx.find(rows.StoragePoolHostMap, storagePoolId=pool.id)}
    for host_id in wanted - present.keys():
        tie = tx.insert(rows.StoragePoolHostMap, accountId=pool.accountId, hostId=host_id, storagePoolId=pool.id)
        call.request(tx, tie, "create")
    for host_id in present.keys() - wanted:
        request_removal(call.core.engine, tx, present[host_id])


@behaviour.create("externalVolumeEvent")
def volume_event(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.ExternalVolumeEvent:
    """Make or remove a volume of a reported pool; its driver names the pool."""
    _, project_id = reporter(tx, call)
    told = _told(fields, "volume")
    external_id = _external_id(fields)
    known = next(
        (row for row in tx.find(rows.Volume, accountId=project_id, externalId=external_id) if pools.shared(tx, row)),
        None,
    )
    match fields.get("eventType"):
        case "volume.create":
            pool, volume = _read(tx, project_id, external_id, told)
            if known is None:
                row = tx.insert(rows.Volume, **volume)
                tx.insert(rows.VolumeStoragePoolMap, volumeId=row.id, storagePoolId=pool.id, state="active")
                call.request(tx, row, "create")
        case "volume.delete":
            if known is not None and known.state not in ("removing", "removed"):
                _remove(tx, call, known)
        case _:
            message = f"eventType: {VOLUME_CREATE} or {VOLUME_DELETE} is expected"
            raise Refused("InvalidOption", message, field="eventType")
    return keep(tx, call, rows.ExternalVolumeEvent, fields, project_id)


def _read(
    tx: Tx, project_id: int, external_id: str, told: Mapping[str, Any]
) -> tuple[rows.StoragePool, dict[str, Any]]:
    """The pool and the fields of a reported volume. Raises ``Refused``."""
    name = _text(told, "name", "volume") or external_id
    driver = _text(told, "driver", "volume")
    if not NAME.match(name):
        raise Refused("InvalidCharacters", "volume: its name has letters, digits, '.', '_' and '-'", field="volume")
    pool = pools.of_driver(tx, project_id, driver)
    if pool is None:
        raise Refused("InvalidReference", f"volume: no storage pool of driver {driver} was reported", field="volume")
    return pool, {
        "accountId": project_id,
        "kind": "volume",
        "name": name,
        "externalId": external_id,
        "driver": driver,
        "uri": _text(told, "uri", "volume") or f"{driver}:///{name}",
        "format": _text(told, "format", "volume"),
        "isHostPath": False,
        "deviceNumber": OUTSIDE,
        "allocationState": "inactive",
    }


def _remove(tx: Tx, call: Call, volume: rows.Volume) -> None:
    if volumes.is_mounted(tx, volume):
        raise Refused("InvalidState", f"volume {volume.name} is mounted; remove its containers first", field="volume")
    request_removal(call.core.engine, tx, volume)


def _told(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object that the event is about. Raises ``Refused``."""
    told = fields[name]
    if not isinstance(told, dict):
        raise Refused("InvalidFormat", f"{name} must be an object", field=name)
    return told


def _external_id(fields: Mapping[str, Any]) -> str:
    """What the reporter calls the pool or volume. Raises ``Refused``."""
    id = fields.get("externalId")
    if not id:
        raise Refused("MissingRequired", "externalId is required", field="externalId")
    if len(id) > LONGEST:
        raise Refused("MaxLengthExceeded", f"externalId has more than {LONGEST} characters", field="externalId")
    return str(id)


def _text(told: Mapping[str, Any], key: str, field: str) -> str | None:
    """One text of that object. Raises ``Refused``."""
    value = told.get(key)
    if value is None or (isinstance(value, str) and len(value) <= 255):
        return value
    raise Refused("InvalidFormat", f"{field}: {key} must be text of at most 255 characters", field=field)
