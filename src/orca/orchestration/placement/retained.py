# SPDX-License-Identifier: Apache-2.0
"""Addresses that outlive their containers: kept for a container's successor, or requested explicitly.

A service with ``retainIp``, or with a requested address, replaces a container under the same number. The old
container's address waits for its successor: same service, same number, same part. The successor gets it if it comes to
the same host, which placement prefers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orca.network import addresses
from orca.network.ipam import AddressRefused
from orca.orchestration.placement import marks
from orca.orchestration.syntax.labels import REQUESTED_IP
from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx

FIELD = "requestedIpAddress"


def retains(service: rows.Service) -> bool:
    """True if a container of the service leaves its address to its successor."""
    configs = [service.launchConfig or {}, *(service.secondaryLaunchConfigs or [])]
    return bool(service.retainIp) or any(requested(config) for config in configs)


def left_behind(tx: ReadTx, waiting: rows.IpAddress, refused: Mapping[str, str]) -> str:
    """Why a container does not get its waiting address; ``refused``: the reasons of hosts."""
    host = tx.get(rows.Host, waiting.hostId)
    if host is None:
        return f"{waiting.address} was retained on a host that was removed"
    reason = refused.get(host.name or "") or f"is {host.state}"
    return f"{waiting.address} was retained on {host.name}, which cannot take the container: {reason}"


def keep(tx: Tx, instance: rows.Instance) -> None:
    """Keep the address of a removed container for its successor."""
    addresses.retain_address(tx, instance.id, _owner(instance))


def numbers(tx: ReadTx, service: rows.Service) -> dict[int, int]:
    """The numbers of a service for which an address waits, each with the address's host."""
    found = addresses.retained_addresses(tx, service.id)
    return {_owner_of(row)["number"]: row.hostId for row in found if row.hostId is not None}


def waiting_for(tx: ReadTx, instance: rows.Instance) -> rows.IpAddress | None:
    """The address that waits for a container, or did until its host was removed; a requested address must match it."""
    service = tx.get(rows.Service, instance.serviceId)
    if service is None or not retains(service):
        return None
    found = addresses.retained_addresses(tx, service.id, removed=True)
    mine = [row for row in found if row.owner == _owner(instance)]
    asked = requested(instance)
    return next((row for row in sorted(mine, key=_age) if asked in (None, row.address)), None)


def give(tx: Tx, instance: rows.Instance, waiting: rows.IpAddress | None) -> rows.IpAddress:
    """Give a placed container an address: the waiting one, the requested one, or any.

    Raises:
        ipam.PoolUsedUp, LookupError: see ``addresses.allocate_address``.
        ipam.AddressRefused: the requested address is taken.
    """
    if waiting is not None and waiting.removed is None and waiting.hostId == instance.hostId:
        addresses.take_address(tx, waiting, instance.id)
    elif waiting is not None and waiting.removed is not None:
        addresses.drop_address(tx, waiting)
    try:
        host = tx.require(rows.Host, instance.hostId)
        return addresses.allocate_address(tx, instance, host.id, requested(instance))
    except AddressRefused as error:
        raise AddressRefused(f"{FIELD}: {error}") from error


def forget(tx: Tx, service: rows.Service, kept: Iterable[rows.Instance]) -> None:
    """The service is complete: drop waiting addresses, except those that a rollback of an upgrade may need."""
    owners = [_owner(instance) for instance in kept]
    for row in addresses.retained_addresses(tx, service.id):
        if row.owner not in owners:
            addresses.drop_address(tx, row)


# -- addresses that are asked for -------------------------------------------------------------------------------------


def requested(fields: rows.Instance | Mapping[str, Any]) -> str | None:
    """The address that a container, or a launch config, requests."""
    return fields.get(FIELD) or (fields.get("labels") or {}).get(REQUESTED_IP) or None


def host_of(tx: ReadTx, instance: rows.Instance) -> int | None:
    """The host whose range has the address that a container requests; None if it requests none.

    Raises:
        ipam.AddressRefused: no host has it.
    """
    address = requested(instance)
    if address is None:
        return None
    subnet = addresses.subnet_of(tx, addresses.network_of(tx, instance.accountId).id, address)
    if subnet is None:
        raise AddressRefused(f"{FIELD}: no host has {address} in its range")
    return subnet.hostId


def check(tx: ReadTx, project_id: int, configs: Iterable[Mapping[str, Any]], *, new: bool = True) -> None:
    """Refuse addresses that no container of the project can have, and for ``new`` ones those that are taken.

    Raises:
        Refused: see above.
    """
    for config in configs:
        address = requested(config)
        if address is None:
            continue
        field = FIELD if config.get(FIELD) else "labels"
        if config.get("networkLaunchConfig") or (config.get("networkMode") or "managed") != "managed":
            raise Refused("InvalidOption", f"{field}: only the managed network gives addresses", field=field)
        try:
            addresses.check_address(tx, project_id, address)
            if new:
                addresses.check_free(tx, addresses.network_of(tx, project_id).id, address)
        except AddressRefused as error:
            raise Refused("InvalidOption", f"{field}: {error}", field=field) from error


def _owner_of(row: rows.IpAddress) -> dict[str, Any]:
    """Whose successor a retained address waits for."""
    assert row.owner is not None, "`retain_address` writes it"
    return row.owner


def _owner(instance: rows.Instance) -> dict[str, Any]:
    """The key of a waiting address: the container's place in the service."""
    return {
        "service": instance.serviceId,
        "number": marks.number(instance),
        "part": marks.part(instance),
    }


def _age(row: rows.IpAddress) -> tuple[bool, int]:
    """Live ones first, then the latest."""
    return row.removed is not None, -row.id
