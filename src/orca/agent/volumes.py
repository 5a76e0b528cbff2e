# SPDX-License-Identifier: Apache-2.0
"""Named volumes of the engine: made with their driver and options, and removed if the platform made them.

The label ``io.orca.volume.uuid`` marks those that the platform made.
"""

from orca.hoststate.engine_api import calls
from orca.wire import NamedVolume, names

from .engine import Engine, EngineRefused
from .errors import CommandFailed


async def ensure(engine: Engine, wanted: NamedVolume) -> None:
    """Make a volume; one that the engine has is used as it is.

    Raises:
        CommandFailed: the engine has one of that name with another driver or other options, or cannot make it.
    """
    found = await engine.find(calls.volume(wanted.name))
    if found is not None:
        other = found["Driver"] != wanted.driver or (found.get("Options") or {}) != wanted.driver_opts
        # Options may hold a password, so that no message shows them.
        if other and (wanted.driver_opts or found["Driver"] != wanted.driver):
            raise CommandFailed(
                f"Volume {wanted.name} exists on this host with driver {found['Driver']} and other options than it was "
                f"given: remove it there (docker volume rm {wanted.name}), or use another name"
            )
        return
    spec = {
        "Name": wanted.name,
        "Driver": wanted.driver,
        "DriverOpts": wanted.driver_opts,
        "Labels": {**wanted.labels, names.LABEL_VOLUME_UUID: wanted.uuid},
    }
    try:
        await engine.request(calls.create_volume(spec))
    except EngineRefused as error:
        raise CommandFailed(f"Volume {wanted.name} cannot be made: {error.message}") from error


async def remove(engine: Engine, name: str) -> bool:
    """Remove a volume; return False if it stays, because the platform did not make it.

    Raises:
        CommandFailed: a container of this host holds it.
    """
    found = await engine.find(calls.volume(name))
    if found is None:
        return True
    if names.LABEL_VOLUME_UUID not in (found.get("Labels") or {}):
        return False
    try:
        await engine.request(calls.remove_volume(name))
    except EngineRefused as error:
        if error.status != 404:
            raise CommandFailed(f"Volume {name} cannot be removed: {error.message}") from error
    return True
