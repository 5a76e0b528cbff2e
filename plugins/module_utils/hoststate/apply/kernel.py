# SPDX-License-Identifier: Apache-2.0
"""Kernel state of the network: settings, routes and bridge ports; read from ``/proc`` and ``/sys``, no process."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Set

from ..plan.network import Route
from . import command, files
from .errors import HostStateError
from .result import Result

_RTF_GATEWAY, _RTF_REJECT = 0x2, 0x200
_DEFAULT_MTU = 1500
_ELSEWHERE = ("192.0.2.1", 9)  # an address of no host (RFC 5737), so that the default route counts
_BRIDGE_FILTER = "/proc/sys/net/bridge"
_NO_BRIDGE_FILTER = (
    "bridged traffic does not pass iptables on this host: run `modprobe br_netfilter` there, and write br_netfilter to "
    "/etc/modules-load.d/orca.conf so that it outlives a restart"
)


class _Seen(NamedTuple):
    destination: str
    via: Optional[str]
    device: Optional[str]
    metric: int


def ensure_sysctls(wanted: Mapping[str, str], result: Result, check: bool) -> None:
    """Set kernel settings (path below ``/proc/sys`` -> value) that differ.

    :raises HostStateError: a setting does not exist here, although it is needed.
    """
    for name, value in sorted(wanted.items()):
        path = "/proc/sys/" + name
        current = files.read(path)
        if current is None:
            # Check mode made no bridge, and loaded no module.
            if check:
                result.add("set " + name, "", value)
                continue
            raise HostStateError("this kernel has no setting {0}".format(name))
        if current.strip() == value:
            continue
        result.add("set " + name, current, value)
        if not check:
            with open(path, "w", encoding="ascii") as stream:
                stream.write(value)


def ensure_bridge_filter(result: Result, check: bool) -> None:
    """Load the module that shows bridged frames to iptables; Docker from version 28 on does not always do it.

    :raises HostStateError: it cannot be loaded from here; the text has the cure.
    """
    if os.path.isdir(_BRIDGE_FILTER):
        return
    result.add("load module br_netfilter")
    if check:
        return
    try:
        if command.find("modprobe"):  # an agent's container has neither the program nor the right
            command.run(["modprobe", "br_netfilter"])
    except HostStateError as error:
        raise HostStateError("{0} ({1})".format(_NO_BRIDGE_FILTER, error)) from error
    if not os.path.isdir(_BRIDGE_FILTER):
        raise HostStateError(_NO_BRIDGE_FILTER)


def existing(wanted: Mapping[str, str]) -> Dict[str, str]:
    """The settings of ``wanted`` that this kernel has now; settings of a device come and go with it."""
    return {name: value for name, value in wanted.items() if os.path.exists("/proc/sys/" + name)}


def routes_differ(wanted: Iterable[Route]) -> bool:
    """True if any of ``wanted`` is missing; cheap enough for every few seconds."""
    present = _routes()
    return any(_key(route) not in present for route in wanted)


def ensure_routes(wanted: List[Route], result: Result, check: bool) -> None:
    """Add or correct routes, all in one call of ``ip``."""
    present = _routes()
    missing = [route for route in wanted if _key(route) not in present]
    if not missing:
        return
    ours = {route.destination for route in missing}
    before = "\n".join(sorted(str(tuple(seen)) for seen in present if seen.destination in ours))
    result.add("routes", before, "\n".join(route.command() for route in missing))
    if not check:
        command.run(
            ["ip", "-batch", "-"], stdin="".join("route replace {0}\n".format(route.command()) for route in missing)
        )


def remove_routes(unwanted: List[Route], result: Result, check: bool) -> None:
    """Delete those of ``unwanted`` that exist."""
    present = _routes()
    existing = [route for route in unwanted if _key(route) in present]
    if not existing:
        return
    result.add("remove routes", "\n".join(route.command() for route in existing))
    if not check:
        command.run(
            ["ip", "-batch", "-"], stdin="".join("route delete {0}\n".format(route.command()) for route in existing)
        )


def colliding_route(cidr: str, bridge: str) -> Optional[str]:
    """A foreign route of this host into ``cidr``, as text; ``None`` if the range is free."""
    network = ipaddress.IPv4Network(cidr)
    for seen in sorted(_routes(), key=str):
        other = ipaddress.IPv4Network(seen.destination)
        if other.prefixlen and other.overlaps(network) and seen.device not in (None, bridge):
            return "{0} on {1}".format(other, seen.device)
    return None


def hairpin_missing(bridge: str) -> List[str]:
    """Ports of ``bridge`` whose containers cannot reach themselves under their published ports."""
    ports = "/sys/class/net/{0}/brif".format(bridge)
    try:
        names = sorted(os.listdir(ports))
    except FileNotFoundError:
        return []
    # A port that went away since the listing reads as None.
    return [name for name in names if (files.read("{0}/{1}/hairpin_mode".format(ports, name)) or "").strip() == "0"]


def ensure_hairpin(bridge: str, result: Result, check: bool) -> None:
    """Let every port of ``bridge`` send frames back where they came from.

    Through netlink (``ip``), because ``/sys`` is read-only for an agent in a container.
    """
    missing = hairpin_missing(bridge)
    if not missing:
        return
    result.add("hairpin on {0}: {1}".format(bridge, ", ".join(missing)), "off", "on")
    if not check:
        commands = "".join("link set dev {0} type bridge_slave hairpin on\n".format(port) for port in missing)
        # -force: a container that ends now removes its port, and that must not stop the others.
        try:
            command.run(["ip", "-force", "-batch", "-"], stdin=commands)
        except HostStateError:
            still = [port for port in hairpin_missing(bridge) if port in missing]
            if still:
                raise


def uplink_mtu() -> int:
    """MTU of the device of the default route; 1500 where there is none."""
    for seen in _routes():
        if seen.destination == "0.0.0.0/0" and seen.device:
            return int(files.read("/sys/class/net/{0}/mtu".format(seen.device)) or _DEFAULT_MTU)
    return _DEFAULT_MTU


def own_address() -> Optional[str]:
    """The address with which the host shows itself to others; ``None`` where it has no way to them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        try:
            channel.connect(_ELSEWHERE)  # sends nothing
        except OSError:
            return None
        return str(channel.getsockname()[0])


def _key(route: Route) -> _Seen:
    return _Seen(str(ipaddress.IPv4Network(route.destination)), route.via, route.device, route.metric)


def _routes() -> Set[_Seen]:
    """The main table, as ``/proc/net/route`` has it: addresses in the machine's byte order, hexadecimal."""
    found: Set[_Seen] = set()
    for line in (files.read("/proc/net/route") or "").splitlines()[1:]:
        device, destination, gateway, flags, _count, _use, metric, mask = line.split()[:8]
        bits = int(flags, 16)
        network = "{0}/{1}".format(_address(destination), bin(int(mask, 16)).count("1"))
        rejects = bool(bits & _RTF_REJECT)
        found.add(
            _Seen(
                network,
                _address(gateway) if bits & _RTF_GATEWAY else None,
                None if rejects else device,
                int(metric) % 2**32,
            )
        )
    return found


def _address(number: str) -> str:
    return socket.inet_ntoa(struct.pack("=L", int(number, 16)))


def settings_differ(wanted: Mapping[str, str]) -> bool:
    """True if any kernel setting differs from ``wanted``."""
    current: Dict[str, Optional[str]] = {name: files.read("/proc/sys/" + name) for name in wanted}
    return any((current[name] or "").strip() != value for name, value in wanted.items())
