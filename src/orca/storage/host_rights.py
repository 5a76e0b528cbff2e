# SPDX-License-Identifier: Apache-2.0
"""Who may request containers and volumes with power over their hosts (``host_powers``).

Owners and administrators may. Members may while the project's ``hostPowers`` is on. Restricted members never may. The
check is for the caller who creates, changes or rolls back something; processes act for that caller without another
check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orca.engine import Call
from orca.provision.people.logins import role_in_project
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage.host_powers import host_options, host_powers, source_of
from orca.storage.mounts import NAME
from orca.store import ANY, ReadTx

MOUNTS = ("dataVolumes", "dataVolumeMounts", "dataVolumesFrom")
SHARED = (*MOUNTS, "networkMode", "networkContainerId")
"""Fields that share another container's network or volumes."""
MOST_SHARED = 100
"""Most containers that are looked at, directly or through others, if the caller's rights count."""


def check(tx: ReadTx, call: Call, launch: Mapping[str, Any]) -> None:
    """Refuse a container with power that the caller may not give.

    Raises:
        Refused: 403, naming the field; 422, volumes are taken from too many containers.
    """
    reason = why_not(tx, call)
    found = powers_of(tx, call.account_id, launch) if reason is not None else []
    if reason is not None and found:
        raise refusal([told(found[0], reason)], found[0])


def check_volume(tx: ReadTx, call: Call, fields: Mapping[str, Any]) -> None:
    """Refuse a volume whose driver would give power that the caller may not. Raises like ``check``."""
    found = host_options(fields.get("driver"), fields.get("driverOpts"))
    reason = why_not(tx, call) if found else None
    if reason is not None:
        raise refusal([told(f"driverOpts.{found[0]}", reason)], "driverOpts")


def told(what: str, reason: str) -> str:
    """The error message, with what the caller can do."""
    return f"{what} gives power over the host, but {reason}"


def refusal(messages: list[str], field: str) -> Refused:
    """403 in the API's words: a line for each message."""
    return Refused("Forbidden", "\n".join(messages), field=field, status=403)


def why_not(tx: ReadTx, call: Call) -> str | None:
    """Why the caller may not give power over hosts; None if they may."""
    role = role_in_project(tx, call)
    if role == "owner":
        return None
    if role != "member":
        return f"{role} members may not have it: ask a member or an owner"
    project = tx.get(rows.Project, call.account_id)
    if project is None or project.hostPowers is not False:
        return None
    return "members of this project may not have it: an owner can turn its hostPowers on"


def powers_of(tx: ReadTx, project_id: int, launch: Mapping[str, Any]) -> list[str]:
    """The fields that give power over the host, also through shared volumes and containers of the project."""
    return [*host_powers(launch), *_shared(tx, project_id, launch)]


def _shared(tx: ReadTx, project_id: int, launch: Mapping[str, Any]) -> list[str]:
    found = [field for field in ("dataVolumes", "dataVolumeMounts") if _mounts(tx, project_id, field, [launch])]
    if _takes(tx, project_id, launch):
        found.append("dataVolumesFrom")
    if _has_host_network(tx, launch.get("networkContainerId")):
        found.append("networkContainerId")
    if launch.get("nativeContainer"):
        found.append("nativeContainer")  # nobody here knows what the engine gave it
    return found


def _has_host_network(tx: ReadTx, id: int | None) -> bool:
    """True if a container may have its host's network, also through the one whose network it shares.

    Nobody follows a chain of more than ``MOST_SHARED``.
    """
    followed = 0
    while id is not None:
        followed += 1
        if followed > MOST_SHARED:
            return True
        owner = tx.get(rows.Instance, id)
        if owner is None:
            return False
        if "networkMode" in host_powers(owner.fields()) or _is_connected_unknown(owner):
            return True
        id = owner.networkContainerId if owner.networkMode == "container" else None
    return False


def _is_connected_unknown(owner: rows.Instance) -> bool:
    """True if nobody here knows how a container is connected: it may share the network of one without a row."""
    return bool(owner.nativeContainer) and owner.networkMode in (None, "none")


def _takes(tx: ReadTx, project_id: int, launch: Mapping[str, Any]) -> bool:
    """True if a container whose volumes are taken, directly or through others, mounts a path of the host.

    Each is checked once, also one that was removed: those that took its volumes have them still. Raises ``Refused``
    with 422 where they are more than ``MOST_SHARED``.
    """
    seen: set[int] = set()
    wanted = set(launch.get("dataVolumesFrom") or [])
    while wanted:
        seen |= wanted
        if len(seen) > MOST_SHARED:
            message = f"a container takes the volumes of at most {MOST_SHARED} others, at first hand or through them"
            raise Refused("MaxLimitExceeded", f"dataVolumesFrom: {message}", field="dataVolumesFrom")
        taken = tx.find(rows.Instance, accountId=project_id, id=wanted, removed=ANY)
        if any(other.nativeContainer for other in taken):
            return True  # nobody here knows what it mounts
        others = [other.fields() for other in taken]
        if any("dataVolumes" in host_powers(other) for other in others):
            return True
        if any(_mounts(tx, project_id, field, others) for field in ("dataVolumes", "dataVolumeMounts")):
            return True
        wanted = {id for other in others for id in other.get("dataVolumesFrom") or []} - seen
    return False


def _mounts(tx: ReadTx, project_id: int, field: str, launches: Iterable[Mapping[str, Any]]) -> bool:
    """True if a launch config's field mounts volumes that give power over the host."""
    if field == "dataVolumes":
        sources = {source_of(text) for launch in launches for text in launch.get(field) or []} - {""}
        return bool(sources) and any(map(_of_host, tx.find(rows.Volume, accountId=project_id, name=sources)))
    ids = {id for launch in launches for id in (launch.get(field) or {}).values()}
    return bool(ids) and any(map(_of_host, tx.find(rows.Volume, accountId=project_id, id=ids)))


def _of_host(volume: rows.Volume) -> bool:
    # A source that is no valid name is mounted as a path.
    named = NAME.match(volume.name or "") is not None
    return bool(volume.isHostPath or not named or host_options(volume.driver, volume.driverOpts))
