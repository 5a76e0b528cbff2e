# SPDX-License-Identifier: Apache-2.0
"""Volumes: made by people or for a container, mounted while containers hold them, removed when nobody does.

A volume that no container has held is only requested. A container that is placed holds a mount for each of its volumes.
The first mount makes a volume active, the end of the last makes it inactive. When a container is removed, its label
``io.rancher.container.volume_cleanup_strategy`` decides which of its volumes are removed: ``unnamed`` (the default),
``none`` or ``all``.
"""

from __future__ import annotations

from typing import Any

from orca.engine import Behaviour, Call, Processes, Run, discard
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage import host_rights, pools, roots
from orca.storage.mounts import LOCAL, NAME, Mount, parse
from orca.store import ReadTx, Tx
from orca.wire import names

CLEANUP_LABEL = "io.rancher.container.volume_cleanup_strategy"
CLEANUP = ("unnamed", "none", "all")

behaviour = Behaviour()


class VolumeProblem(Exception):
    """A container cannot have its volumes; the message says why."""


@behaviour.create("volume")
def create(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.Volume:
    """Create a named volume. The host of the first container that mounts it makes it."""
    if not NAME.match(fields["name"] or ""):
        raise Refused("InvalidCharacters", "a volume's name has letters, digits, '.', '_' and '-'", field="name")
    host_rights.check_volume(tx, call, fields)
    ours = {
        "accountId": call.account_id,
        "kind": "volume",
        "uri": f"{fields['driver']}:///{fields['name']}",
        "isHostPath": False,
        "allocationState": "inactive",
    }
    return tx.insert(rows.Volume, **(fields | ours))


@behaviour.process("volume.create")
async def create_process(run: Run) -> None:
    """End the creation of a volume that an earlier version began: it is active only while it is mounted."""
    run.chain = None


@behaviour.remove("volume")
def remove(tx: Tx, call: Call, row: rows.Volume) -> rows.Volume:
    """Remove a volume that nobody mounts."""
    if is_mounted(tx, row):
        raise Refused("Method not allowed", f"volume {row.name} is mounted", status=405)
    call.request(tx, row, "remove")
    return row


@behaviour.offered("volume.deactivate", "volume.remove", "volume.purge")
def is_free(tx: ReadTx, call: Call, volume: rows.Volume) -> bool:
    """True if no container holds it."""
    return not is_mounted(tx, volume)


@behaviour.process("volume.remove", "volume.purge")
async def remove_process(run: Run) -> None:
    """Remove a volume from its host, with its snapshots."""
    target = await run.read(lambda tx: _on_host(tx, run))
    if target is not None:
        agent_id, name = target
        await run.command(agent_id, names.VOLUME_REMOVE, {"name": name})

    run.finish(lambda tx: _end(tx, run.engine, run.resource(tx, rows.Volume)))


def _end(tx: Tx, engine: Processes, volume: rows.Volume) -> None:
    """Release what belongs to a removed volume: its place in the pool, its snapshots."""
    pools.release(tx, volume)
    for snapshot in tx.find(rows.Snapshot, volumeId=volume.id):
        if snapshot.state in ("created", "backed-up"):
            engine.request(tx, snapshot, "remove")


def _on_host(tx: ReadTx, run: Run) -> tuple[int, str] | None:
    """The agent, and Docker's name of the volume; None if no host has to act.

    A folder of the host stays, and Docker removes a container's anonymous volumes together with it.
    """
    volume = run.resource(tx, rows.Volume)
    host = tx.get(rows.Host, volume.hostId)
    if host is None or host.removed is not None or volume.isHostPath or volume.anonymous:
        return None
    return None if host.agentId is None or volume.name is None else (host.agentId, volume.name)


def is_mounted(tx: ReadTx, volume: rows.Volume) -> bool:
    """True if a container holds the volume."""
    held = tx.count(rows.Mount, volumeId=volume.id, state=["activating", "active", "inactive"]) > 0
    return held or roots.is_root(tx, volume)


# -- what containers ask for -------------------------------------------------------------------------------------------


def check(tx: ReadTx, account_id: int, fields: dict[str, Any]) -> None:
    """Refuse volumes that no host can provide.

    Raises:
        Refused: the form of a volume, a volume of another project, an unknown cleanup strategy.
    """
    check_form(fields)
    for path, volume_id in (fields.get("dataVolumeMounts") or {}).items():
        volume = tx.get(rows.Volume, volume_id)
        if volume is None or volume.accountId != account_id or volume.removed is not None:
            raise Refused("InvalidReference", f"{path}: there is no such volume", field="dataVolumeMounts")
        if volume.instanceId is not None:
            raise Refused("InvalidReference", f"{path}: this is a container's own root", field="dataVolumeMounts")
        if not path.startswith("/") or ":" in path:
            raise Refused("InvalidFormat", f"{path!r} is not a path in a container", field="dataVolumeMounts")


def check_form(fields: dict[str, Any]) -> None:
    """Refuse volumes with an invalid form, whatever the host.

    Raises:
        Refused: the form of a volume, an unknown cleanup strategy.
    """
    for text in fields.get("dataVolumes") or []:
        try:
            parse(text)
        except ValueError as error:
            raise Refused("InvalidFormat", str(error), field="dataVolumes") from error
    strategy = (fields.get("labels") or {}).get(CLEANUP_LABEL, CLEANUP[0])
    if strategy not in CLEANUP:
        raise Refused("InvalidOption", f"{CLEANUP_LABEL}: one of {', '.join(CLEANUP)} is expected", field="labels")


def attach(tx: Tx, instance: rows.Instance, host: rows.Host, image: rows.Image | None) -> None:
    """Give a placed container its volumes: its root, missing rows, and a mount for each.

    Raises:
        VolumeProblem: a volume lies on another host.
    """
    roots.attach(tx, instance, host, image)
    held = {row.path: row for row in tx.find(rows.Mount, instanceId=instance.id)}
    for mount in wanted(tx, instance):
        row = held.get(mount.path)
        if row is not None:
            tx.update(row, state="active")
            volume = tx.require(rows.Volume, row.volumeId)
        else:
            volume = _volume_for(tx, instance, host, mount)
            tx.insert(
                rows.Mount,
                accountId=instance.accountId,
                instanceId=instance.id,
                volumeId=volume.id,
                path=mount.path,
                permissions="ro" if mount.read_only else "rw",
                state="active",
            )
        tx.update(volume, state="active", allocationState="active")


def wanted(tx: ReadTx, instance: rows.Instance) -> list[Mount]:
    """The mounts of a container, including volumes by id."""
    mounts = [parse(text) for text in instance.dataVolumes or []]
    paths = {mount.path for mount in mounts}
    for path, volume_id in (instance.dataVolumeMounts or {}).items():
        if path not in paths:
            mounts.append(Mount(path, source=tx.require(rows.Volume, volume_id).name or ""))
    return mounts


def as_binds(tx: ReadTx, instance: rows.Instance) -> list[str]:
    """The mounts in the form of Docker's ``-v``."""
    return [str(mount) for mount in wanted(tx, instance)]


def _volume_for(tx: Tx, instance: rows.Instance, host: rows.Host, mount: Mount) -> rows.Volume:
    if mount.is_host_path:
        uri = f"file://{mount.source}"
        row = tx.first(rows.Volume, accountId=instance.accountId, hostId=host.id, uri=uri)
        return row or _make(tx, instance, host, name=mount.source, uri=uri, isHostPath=True)
    if not mount.source:
        return _make(tx, instance, host, name=None, uri="")
    candidates = tx.find(rows.Volume, accountId=instance.accountId, name=mount.source)
    named = instance.dataVolumeMounts or {}
    if mount.path in named:
        candidates = [row for row in candidates if row.id == named[mount.path]]
    here = next((row for row in candidates if row.hostId == host.id), None)
    if here is not None:
        return here
    for row in candidates:
        pool = pools.shared(tx, row) if row.hostId is None else None
        if pool is not None and not pools.reaches(tx, pool, host):
            raise VolumeProblem(f"Volume {mount.source}: {host.name} does not have its storage pool {pool.name}")
        if pool is not None:
            return row
    free = next((row for row in candidates if row.hostId is None), None)
    if free is not None:
        pools.hold(tx, free, host)
        return tx.update(free, hostId=host.id, externalId=free.name)
    if mount.path in named:
        raise VolumeProblem(f"Volume {mount.source} is on another host")
    driver = instance.volumeDriver or LOCAL
    return _make(tx, instance, host, name=mount.source, uri=f"{driver}:///{mount.source}", driver=driver)


def _make(tx: Tx, instance: rows.Instance, host: rows.Host, **fields: Any) -> rows.Volume:
    row = tx.insert(
        rows.Volume,
        **{"driver": LOCAL, "isHostPath": False, **fields},
        accountId=instance.accountId,
        kind="volume",
        hostId=host.id,
        state="active",
        allocationState="active",
    )
    if not row.name:
        # Docker names an anonymous volume with 64 hexadecimal digits; until that is known, our name is shown.
        name = row.uuid.replace("-", "") * 2
        row = tx.update(row, name=name, uri=f"{LOCAL}:///{name}", anonymous=True)
    pools.put(tx, row, host)
    return row


# -- what becomes of them ----------------------------------------------------------------------------------------------


def resume(tx: Tx, instance: rows.Instance, host: rows.Host) -> None:
    """Activate the volumes of a container that runs again, as it was started on its host."""
    roots.attach(tx, instance, host)
    for mount in tx.find(rows.Mount, instanceId=instance.id, state="inactive"):
        tx.update(mount, state="active")
        tx.update(tx.require(rows.Volume, mount.volumeId), state="active", allocationState="active")


def detach(tx: Tx, instance: rows.Instance) -> None:
    """Deactivate the volumes of a stopped container that no other uses; its mounts stay."""
    roots.detach(tx, instance)
    for mount in tx.find(rows.Mount, instanceId=instance.id, state="active"):
        tx.update(mount, state="inactive")
        _rest(tx, mount.volumeId)


def release(tx: Tx, engine: Processes, instance: rows.Instance) -> None:
    """End the mounts of a removed container, and remove unused volumes as its label says."""
    root = roots.remove(tx, instance)
    if root is not None:
        _end(tx, engine, root)
    strategy = (instance.labels or {}).get(CLEANUP_LABEL, CLEANUP[0])
    for mount in tx.find(rows.Mount, instanceId=instance.id):
        discard(tx, mount)
        volume = _rest(tx, mount.volumeId)
        if volume is None or volume.state != "inactive" or volume.isHostPath or is_mounted(tx, volume):
            continue
        if strategy == "all" or (strategy == "unnamed" and volume.anonymous):
            engine.request(tx, volume, "remove")


def _rest(tx: Tx, volume_id: int) -> rows.Volume | None:
    """Set volumes without an active mount to inactive."""
    volume = tx.get(rows.Volume, volume_id)
    if volume is None or volume.state != "active" or tx.count(rows.Mount, volumeId=volume.id, state="active"):
        return volume
    return tx.update(volume, state="inactive", allocationState="inactive")
