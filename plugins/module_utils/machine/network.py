# SPDX-License-Identifier: GPL-3.0-or-later
"""The network local machines share: a Docker network without a way out, in which each machine keeps its address."""

from __future__ import annotations

import fcntl
import ipaddress
import socket
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set

from .driver import MachineError

LABEL = "io.orca.machines"
POOL = ipaddress.IPv4Network("172.31.0.0/16")  # far from Docker's own first picks and from the containers' 10.42.0.0/16
LOCK = "/run/lock/orca-machines"  # two plays at once would find the same subnet free
FIRST_HOST = 10  # below it the gateway, and room for things set up by hand


class Network:
    """The Docker network ``name``, in ``subnet`` (CIDR) when it has to be made; None takes a free /24 of POOL."""

    def __init__(self, name: str, subnet: Optional[str]) -> None:
        self.name = name
        try:
            self.subnet = ipaddress.IPv4Network(subnet) if subnet else None
        except ValueError as error:
            raise MachineError(f"subnet: {subnet} is not an IPv4 network: {error}") from error

    def ensure(self, client: Any, check: bool) -> bool:
        """Make the network when it is missing; True if so.

        Raises:
            MachineError: it exists in another subnet, or no subnet is free.
        """
        with _locked():
            have = self._seen(client)
            if have is None and not check:
                subnet = self.subnet or self._free_subnet(client)
                client.create_network(
                    self.name,
                    driver="bridge",
                    internal=True,
                    labels={LABEL: self.name},
                    ipam={"Driver": "default", "Config": [{"Subnet": str(subnet), "Gateway": str(subnet[1])}]},
                )
        if have is not None and self.subnet and self._subnet(have) != self.subnet:
            raise MachineError(f"subnet: network {self.name} exists with {self._subnet(have)}, not {self.subnet}")
        return have is None

    def gateway(self, client: Any) -> str:
        """The control node's own address in the network. It answers nothing on port 53, and says so at once."""
        return str(self._subnet(self._existing(client))[1])

    def addresses_for(self, client: Any, wanted: Mapping[str, Optional[str]]) -> Dict[str, str]:
        """An address for each machine: the one it asks for, the one it has, else the lowest free one.

        Fixed, because Docker would assign them again, in order of starting, after each restart of the engine.

        Raises:
            MachineError: an address asked for is taken or outside the subnet, or none is left.
        """
        subnet = self._subnet(self._existing(client))
        taken = self._taken(client)
        holders = {address: name for name, address in taken.items()}
        given: Dict[str, str] = {}
        for name, address in wanted.items():
            if address is None:
                continue
            try:
                inside = ipaddress.ip_address(address) in subnet
            except ValueError as error:
                raise MachineError(f"address: {address} of {name} is not an address: {error}") from error
            if not inside:
                raise MachineError(f"address: {address} of {name} is not in {subnet}, the subnet of {self.name}")
            if holders.get(address, name) != name:
                raise MachineError(f"address: {address} of {name} is held by {holders[address]}")
            given[name], holders[address] = address, name
        free = (str(host) for host in list(subnet.hosts())[FIRST_HOST - 1 :] if str(host) not in holders)
        for name in wanted:
            if name not in given:
                address = taken.get(name) or next(free, None)
                if address is None:
                    raise MachineError(f"network {self.name} has no free address left in {subnet}")
                given[name] = address
        return given

    def remove_unused(self, client: Any, check: bool) -> bool:
        """Remove the network if it was made here and no container is on it, running or not; True if so."""
        have = self._seen(client)
        if have is None or LABEL not in (have["Labels"] or {}) or self._taken(client):
            return False
        if not check:
            client.remove_network(have["Id"])
        return True

    def _seen(self, client: Any) -> Optional[Dict[str, Any]]:
        """What the engine says of the network. By exact name: the engine's filter takes any part of one."""
        return next((net for net in client.networks(names=[self.name]) if net["Name"] == self.name), None)

    def _existing(self, client: Any) -> Dict[str, Any]:
        have = self._seen(client)
        if have is None:
            raise MachineError(f"network: {self.name} has gone")
        return have

    def _subnet(self, have: Mapping[str, Any]) -> ipaddress.IPv4Network:
        for config in have["IPAM"]["Config"] or []:
            if ":" not in config["Subnet"]:
                return ipaddress.IPv4Network(config["Subnet"])
        raise MachineError(f"network: {self.name} has no IPv4 subnet")

    def _taken(self, client: Any) -> Dict[str, str]:
        """Container name -> address, of all containers on the network, stopped ones with what they will have."""
        taken = {}
        for entry in client.containers(all=True, filters={"network": self.name}):
            endpoint = entry["NetworkSettings"]["Networks"].get(self.name)
            if endpoint is not None:
                fixed = (endpoint.get("IPAMConfig") or {}).get("IPv4Address")
                taken[entry["Names"][0].lstrip("/")] = fixed or endpoint["IPAddress"]
        return taken

    def _free_subnet(self, client: Any) -> ipaddress.IPv4Network:
        used: List[ipaddress.IPv4Network] = _routes()
        for net in client.networks():
            for config in net["IPAM"]["Config"] or []:
                if ":" not in config["Subnet"]:
                    used.append(ipaddress.IPv4Network(config["Subnet"]))
        for subnet in POOL.subnets(new_prefix=24):
            if not any(subnet.overlaps(other) for other in used):
                return subnet
        raise MachineError(f"network: no free /24 in {POOL} for {self.name}; name one with subnet")


@contextmanager
def _locked() -> Iterator[None]:
    with open(LOCK, "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _routes() -> List[ipaddress.IPv4Network]:
    """What this control node has routes to, but for the default route (from /proc/net/route, see proc(5))."""
    found: Set[ipaddress.IPv4Network] = set()
    with open("/proc/net/route", encoding="ascii") as table:
        for line in table.readlines()[1:]:
            fields = line.split()
            target, mask = (socket.inet_ntoa(int(fields[at], 16).to_bytes(4, "little")) for at in (1, 7))
            route = ipaddress.IPv4Network(f"{target}/{mask}")
            if route.prefixlen:
                found.add(route)
    return sorted(found)
