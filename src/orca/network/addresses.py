# SPDX-License-Identifier: Apache-2.0
"""Address rows: the range of a host, the address of a container. Units of the store; ``ipam`` chooses.

An address stays with its container through stop and start. It becomes free when the container or its host is removed,
unless it is retained for the container's successor. Then it has a role of its own and no container. After a restore,
the server holds the address of an unknown container as soon as an agent reports it.
"""

from __future__ import annotations

from typing import Any

from orca.engine import discard
from orca.hoststate.plan.addressing import DEFAULT_PREFIX, HostRange
from orca.network import ipam
from orca.resources import rows
from orca.resources.network import RETAINED
from orca.store import ANY, ReadTx, Tx

SHARED = "shared"
"""Role of the address of a container that shares another one's network; that one's row gives the address."""


def network_of(tx: ReadTx, project_id: int) -> rows.HostOnlyNetwork:
    """The managed network of a project; every project has one from its creation."""
    network = tx.first(rows.HostOnlyNetwork, accountId=project_id)
    if network is None:
        raise LookupError(f"project {project_id} has no managed network")
    return network


def cidr_of_all(network: rows.Network) -> str:
    """The range that all hosts of a managed network share, ``10.42.0.0/16``."""
    if network.cidr is None:
        raise LookupError(f"network {network.id} is not a managed one")
    return network.cidr


def range_of(tx: ReadTx, host_id: int) -> rows.Subnet | None:
    """The subnet row of a host, None before its first hello."""
    return tx.first(rows.Subnet, hostId=host_id)


def allocate_range(tx: Tx, network: rows.Network, host: rows.Host, prefix: int = DEFAULT_PREFIX) -> rows.Subnet:
    """Give ``host`` a range of ``network``, or return the one it has.

    Raises:
        ipam.PoolUsedUp: every range is taken.
        ipam.RangeRefused: there are no ranges of that size.
    """
    existing = range_of(tx, host.id)
    if existing is not None:
        return existing
    taken = [f"{row.networkAddress}/{row.cidrSize}" for row in tx.find(rows.Subnet, networkId=network.id)]
    subnet = HostRange(ipam.next_host_range(cidr_of_all(network), prefix, taken))
    pool = list(subnet.pool())
    row = tx.insert(
        rows.Subnet,
        accountId=network.accountId,
        name=f"range of {host.name}",
        state="active",
        networkId=network.id,
        hostId=host.id,
        networkAddress=str(subnet.network.network_address),
        cidrSize=subnet.network.prefixlen,
        gateway=subnet.gateway,
        startAddress=pool[0],
        endAddress=pool[-1],
    )
    for instance in tx.find(rows.Instance, hostId=host.id):
        # They had these addresses before the host was known here.
        locate(tx, instance, host, instance.reportedAddress)
    return row


def cidr_of(subnet: rows.Subnet) -> str:
    """``10.42.1.0/24`` of a subnet row."""
    return f"{subnet.networkAddress}/{subnet.cidrSize}"


def address_of(tx: ReadTx, instance_id: int) -> rows.IpAddress | None:
    """The ipAddress row of a container."""
    return tx.first(rows.IpAddress, instanceId=instance_id)


def allocate_address(tx: Tx, instance: rows.Instance, host_id: int, wanted: str | None = None) -> rows.IpAddress:
    """Give a container an address of its host's range, or return the one it has.

    ``wanted``: a certain address of the range.

    Raises:
        ipam.PoolUsedUp: no address of the range is free.
        ipam.AddressRefused: the wanted one is taken.
        LookupError: the host has no range.
    """
    existing = address_of(tx, instance.id)
    if existing is not None:
        return existing
    subnet = range_of(tx, host_id)
    if subnet is None:
        raise LookupError(f"host {host_id} has no address range yet")
    if wanted is None:
        taken = {address for (address,) in tx.values(rows.IpAddress, "address", subnetId=subnet.id)}
        wanted = ipam.next_address(cidr_of(subnet), taken, after=subnet.lastAddress)
        tx.update(subnet, lastAddress=wanted)
    else:
        check_free(tx, subnet.networkId, wanted)
    return _give(tx, instance, subnet, wanted)


def share_address(tx: Tx, instance: rows.Instance, owner: rows.Instance) -> rows.IpAddress | None:
    """Give a container the address of the one whose network it shares; None if that has no address of ours."""
    given = address_of(tx, owner.id)
    row = address_of(tx, instance.id)
    if given is None:
        release_address(tx, instance.id)
        return None
    if row is not None:
        return tx.update(row, address=given.address)
    return tx.insert(
        rows.IpAddress,
        accountId=instance.accountId,
        state="active",
        role=SHARED,
        address=given.address,
        hostId=given.hostId,
        instanceId=instance.id,
    )


def hold_address(tx: Tx, instance: rows.Instance, address: str) -> None:
    """Reserve the address that a container has but did not get here.

    Does nothing for an address that the server does not give, or that another container has.
    """
    held = address_of(tx, instance.id)
    if held is not None and held.address == address:
        return
    release_address(tx, instance.id)
    host = tx.require(rows.Host, instance.hostId)
    subnet = range_of(tx, host.id)
    if subnet is None or not _is_ours(subnet, address):
        return
    if tx.first(rows.IpAddress, subnetId=subnet.id, address=address) is None:
        _give(tx, instance, subnet, address)


def locate(tx: Tx, instance: rows.Instance, host: rows.Host, reported: str | None) -> None:
    """Record the address that an agent reports for a container that was not made here, if it is believable.

    Before the host has a range that is unknown: the report is kept, and checked when the range is given.
    """
    waits = reported is not None and range_of(tx, host.id) is None
    tx.update(instance, reportedAddress=reported if waits else None)
    address = believable(tx, host, reported)
    if address is None:
        return
    if instance.primaryIpAddress != address:
        tx.update(instance, primaryIpAddress=address)
    hold_address(tx, instance, address)


def believable(tx: ReadTx, host: rows.Host, address: str | None) -> str | None:
    """The address that a host's agent reports for a container; None if it belongs to another host of the network."""
    if address is None:
        return None
    subnet = range_of(tx, host.id)
    inside = ipam.in_range(address, cidr_of_all(network_of(tx, host.accountId)))
    return address if not inside or (subnet is not None and ipam.in_range(address, cidr_of(subnet))) else None


def release_address(tx: Tx, instance_id: int) -> None:
    """Free the address of a container, if it has one."""
    for row in tx.find(rows.IpAddress, instanceId=instance_id):
        _remove(tx, row)


def retain_address(tx: Tx, instance_id: int, owner: dict[str, Any]) -> None:
    """Keep the address of a removed container for its successor, which ``owner`` describes: a place in a service."""
    for row in tx.find(rows.IpAddress, instanceId=instance_id):
        if row.role == SHARED:
            _remove(tx, row)
        else:
            tx.update(row, instanceId=None, role=RETAINED, owner=owner)


def retained_addresses(tx: ReadTx, service_id: int, *, removed: bool = False) -> list[rows.IpAddress]:
    """The addresses that wait for a container of a service.

    With ``removed`` also those that went with the range of their host.
    """
    return tx.find(rows.IpAddress, serviceId=service_id, **({"removed": ANY} if removed else {}))


def take_address(tx: Tx, row: rows.IpAddress, instance_id: int) -> None:
    """Give a retained address to its new container."""
    tx.update(row, instanceId=instance_id, role=None, owner=None)


def drop_address(tx: Tx, row: rows.IpAddress) -> None:
    """Drop a retained address: nobody needs it, or its host is gone."""
    row = tx.update(row, role=None)
    if row.removed is None:
        _remove(tx, row)


def subnet_of(tx: ReadTx, network_id: int, address: str) -> rows.Subnet | None:
    """The host range that gives an address to containers, None where no host has it."""
    subnets = tx.find(rows.Subnet, networkId=network_id)
    return next((row for row in subnets if HostRange(cidr_of(row)).assignable(address)), None)


def check_address(tx: ReadTx, project_id: int, address: str) -> None:
    """Check that a container of the project can have an address.

    Raises:
        ipam.AddressRefused: not an address, outside of the managed network, or reserved in its host's range.
    """
    network = network_of(tx, project_id)
    try:
        inside = ipam.in_range(address, cidr_of_all(network))
    except ValueError:
        raise ipam.AddressRefused(f"{address!r} is not an address") from None
    if not inside:
        raise ipam.AddressRefused(f"{address} is outside of the managed network {network.cidr}")
    for row in tx.find(rows.Subnet, networkId=network.id):
        if ipam.in_range(address, cidr_of(row)) and not HostRange(cidr_of(row)).assignable(address):
            raise ipam.AddressRefused(f"{row.name} does not give {address} to containers")


def check_free(tx: ReadTx, network_id: int, address: str) -> None:
    """Check that an address is free.

    Raises:
        ipam.AddressRefused: it is taken; the message names the container, or the successor it is kept for.
    """
    row = tx.first(rows.IpAddress, networkId=network_id, address=address)
    if row is not None:
        holder = tx.get(rows.Instance, row.instanceId)
        who = "kept for a successor" if holder is None else f"that of {holder.name}"
        raise ipam.AddressRefused(f"{address} is {who}")


def release_range(tx: Tx, host_id: int) -> None:
    """Free the range of a host with every address in it."""
    for subnet in tx.find(rows.Subnet, hostId=host_id):
        for row in tx.find(rows.IpAddress, subnetId=subnet.id):
            _remove(tx, row)
        _remove(tx, subnet)


def _is_ours(subnet: rows.Subnet, address: str) -> bool:
    """True if the server gives this address to containers; an agent may report text that is not an address."""
    try:
        return HostRange(cidr_of(subnet)).assignable(address)
    except ValueError:
        return False


def _give(tx: Tx, instance: rows.Instance, subnet: rows.Subnet, address: str) -> rows.IpAddress:
    return tx.insert(
        rows.IpAddress,
        accountId=instance.accountId,
        state="active",
        address=address,
        networkId=subnet.networkId,
        subnetId=subnet.id,
        hostId=subnet.hostId,
        instanceId=instance.id,
    )


def _remove(tx: Tx, row: rows.IpAddress | rows.Subnet) -> None:
    discard(tx, row)
