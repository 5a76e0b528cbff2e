# SPDX-License-Identifier: Apache-2.0
"""Volumes: made by people or for a container, mounted while containers hold them, removed when nobody does.

A volume that no container has held is only requested. A container that is placed holds a mount for each of its volumes.
The first mount makes a volume active, the end of the last makes it inactive. When a container is removed, its label
``io.rancher.container.volume_cleanup_strategy`` decides which of its volumes are removed: ``unnamed`` (the default),
``none`` or ``all``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orca import wire
from orca.engine import Behaviour, Call, Processes, Run, discard
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage import host_rights, named, pools, roots
from orca.storage.bindings import kind_of, place_of
from orca.storage.mounts import LOCAL, NAME, Mount, parse
from orca.storage.named import Limit, Meant
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
    for agent_id, name, host in await run.read(lambda tx: _on_hosts(tx, run.resource(tx, rows.Volume))):
        step = f"{names.VOLUME_REMOVE} {agent_id}"
        answer = await run.command(agent_id, names.VOLUME_REMOVE, {"name": name}, step=step, form=wire.VolumeRemoved)
        if answer.get("kept"):
            run.log(f"{name} stays on {host}, where the platform did not make it")

    run.finish(lambda tx: _end(tx, run.engine, run.resource(tx, rows.Volume)))


def _end(tx: Tx, engine: Processes, volume: rows.Volume) -> None:
    """Release what belongs to a removed volume: its place in the pool, its snapshots."""
    pools.release(tx, volume)
    for snapshot in tx.find(rows.Snapshot, volumeId=volume.id):
        if snapshot.state in ("created", "backed-up"):
            engine.request(tx, snapshot, "remove")


def _on_hosts(tx: ReadTx, volume: rows.Volume) -> list[tuple[int, str, str]]:
    """The agents that have to act, each with Docker's name of the volume and the name of its host.

    A folder of the host stays, and Docker removes a container's anonymous volumes together with it.
    """
    if volume.isHostPath or volume.anonymous or volume.name is None:
        return []
    ids = pools.hosts_with(tx, volume) if volume.hostId is None else [volume.hostId]
    found = tx.find(rows.Host, id=ids) if ids else []
    return [(host.agentId, volume.name, str(host.name)) for host in found if host.agentId is not None]


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


def limits(tx: ReadTx, instances: Sequence[rows.Instance], *, everywhere: bool) -> tuple[Limit, ...]:
    """The only hosts on which containers that share a host find their volumes.

    ``everywhere``: they are of a global service.
    """
    return named.limits(tx, instances, [wanted(tx, instance) for instance in instances], everywhere=everywhere)


def attach(
    tx: Tx, instance: rows.Instance, host: rows.Host, image: rows.Image | None, *, everywhere: bool = False
) -> None:
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
            volume = _volume_for(tx, instance, host, mount, everywhere=everywhere)
            tx.insert(
                rows.Mount,
                accountId=instance.accountId,
                instanceId=instance.id,
                volumeId=volume.id,
                path=mount.path,
                permissions="ro" if mount.read_only else "rw",
                state="active",
            )
        pools.activate(tx, volume)


def wanted(tx: ReadTx, instance: rows.Instance) -> list[Mount]:
    """The mounts of a container, including volumes by id."""
    mounts = [parse(text) for text in instance.dataVolumes or []]
    paths = {mount.path for mount in mounts}
    for path, volume_id in (instance.dataVolumeMounts or {}).items():
        if path not in paths:
            mounts.append(Mount(path, source=tx.require(rows.Volume, volume_id).name or ""))
    return mounts


def described(tx: ReadTx, instance: rows.Instance) -> tuple[list[str], list[wire.NamedVolume]]:
    """The mounts of a placed container in the form of Docker's ``-v``, and the named volumes as its host makes them."""
    mounts = wanted(tx, instance)
    held = _held(tx, instance) if any(map(_is_named, mounts)) else {}
    binds = [str(mount.of(str(held[mount.path].name)) if mount.path in held else mount) for mount in mounts]
    found = {row.id: row for row in held.values()}
    return binds, [
        wire.NamedVolume(
            uuid=row.uuid,
            name=str(row.name),
            driver=row.driver or LOCAL,
            driver_opts=row.driverOpts or {},
            labels=row.labels or {},
        )
        for row in found.values()
        if pools.shared(tx, row) is None  # those of reported pools are made by others
    ]


def _held(tx: ReadTx, instance: rows.Instance) -> dict[str, rows.Volume]:
    """The volumes with a name of a placed container, by path."""
    mounts = tx.find(rows.Mount, instanceId=instance.id)
    volumes = {row.id: row for row in tx.find(rows.Volume, id=[mount.volumeId for mount in mounts])}
    found = {str(mount.path): volumes[mount.volumeId] for mount in mounts}
    return {path: row for path, row in found.items() if not (row.isHostPath or row.anonymous)}


def _is_named(mount: Mount) -> bool:
    return bool(mount.source) and not mount.is_host_path


def _volume_for(tx: Tx, instance: rows.Instance, host: rows.Host, mount: Mount, *, everywhere: bool) -> rows.Volume:
    if mount.is_host_path:
        uri = f"file://{mount.source}"
        row = tx.first(rows.Volume, accountId=instance.accountId, hostId=host.id, uri=uri)
        return row or _make(tx, instance, host, name=mount.source, uri=uri, isHostPath=True)
    if not mount.source:
        return _make(tx, instance, host, name=None, uri="")
    found = named.meant(tx, instance, mount, everywhere=everywhere)
    if found.limit is not None and host.id not in found.limit.hosts:
        raise VolumeProblem(f"{host.name} cannot run {instance.name}: {found.limit.why}")
    row = found.on(host)
    if row is None:
        return _make(tx, instance, host, **_described(instance, found))
    if pools.shared(tx, row) is not None:
        return row
    pools.hold(tx, row, host)
    if row.hostId is None and kind_of(row) == "host":
        return tx.update(row, hostId=host.id, externalId=row.name)
    return row


def _described(instance: rows.Instance, found: Meant) -> dict[str, Any]:
    """The fields of a volume that is made for a container: those of its model, or of the container's driver."""
    model = found.model
    driver = (instance.volumeDriver if model is None else model.driver) or LOCAL
    fields = {"name": found.name, "uri": f"{driver}:///{found.name}", "driver": driver}
    if model is None:
        return fields
    own = {"externalId": found.name} if model.perUnit else {}
    return {**fields, **own, "driverOpts": model.driverOpts, "labels": model.labels}


def _make(tx: Tx, instance: rows.Instance, host: rows.Host, **fields: Any) -> rows.Volume:
    # Data that others keep is on no host; where such a volume was made, its pools say.
    here = not fields["name"] or place_of(fields.get("driver"), fields.get("driverOpts")) == "host"
    row = tx.insert(
        rows.Volume,
        **{"driver": LOCAL, "isHostPath": False, **fields},
        accountId=instance.accountId,
        kind="volume",
        hostId=host.id if here else None,
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
        pools.activate(tx, tx.require(rows.Volume, mount.volumeId))


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
    return tx.update(pools.rest(tx, volume), allocationState="inactive")
