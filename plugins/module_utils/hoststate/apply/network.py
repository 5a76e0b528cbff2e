# SPDX-License-Identifier: Apache-2.0
"""Kind ``network``: Docker network, kernel settings, routes and the system containers (``plan.SYSTEM_CONTAINERS``)."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ..plan import labels
from ..plan import network as plan
from ..plan.items import NETWORK
from ..plan.places import RESOLV
from . import kernel
from .docker import EngineError
from .errors import HostStateError
from .host import Host
from .kind import Description, Kind, Look, Path
from .result import Result


def apply(host: Host, description: Optional[Mapping[str, Any]], result: Result, check: bool) -> None:
    """Bring what is on the network to ``description``; it can only be removed after the containers on it."""
    if description is None:
        _remove(host, result, check)
        return
    kernel.ensure_bridge_filter(result, check)
    kernel.ensure_sysctls(plan.sysctls(description), result, check)
    kernel.ensure_routes(plan.routes(description), result, check)
    for name, body in _bodies(host, description).items():
        ensure_container(host, name, body, result, check)
    kernel.ensure_hairpin(description["bridge"], result, check)


def prepare(host: Host, description: Mapping[str, Any], result: Result, check: bool) -> None:
    """Make the Docker network.

    :raises HostStateError: the range is not free on this host, the present network is in use, or the engine filters
        with nftables.
    """
    collision = kernel.colliding_route(description["cidr"], description["bridge"])
    if collision:
        raise HostStateError(
            "the project's range {0} collides with this host's route {1}".format(description["cidr"], collision)
        )
    _refuse_nftables(host)
    _ensure_network(host, description, result, check)


def _refuse_nftables(host: Host) -> None:
    """Such an engine drops what its own tables do not accept, and looks at no chain of iptables.

    :raises HostStateError: the engine filters with nftables, which its setting ``firewall-backend`` says.
    """
    if host.docker.firewall_backend() == "nftables":
        raise HostStateError(
            'this host\'s Docker engine filters with nftables; set "firewall-backend": "iptables" in '
            "/etc/docker/daemon.json and restart Docker"
        )


def ensure_container(host: Host, name: str, body: Mapping[str, Any], result: Result, check: bool) -> None:
    """Make the system container ``name`` match ``body`` and run; one made from another body is replaced."""
    wanted = body["Labels"][labels.SPEC]
    current = host.docker.container(name)
    present = None if current is None else current["Config"]["Labels"].get(labels.SPEC)
    if current is not None and present == wanted:
        if not current["State"]["Running"]:
            result.add("start container " + name)
            if not check:
                host.docker.start(name)
        return
    result.add("create container " + name, present or "", wanted)
    if check:
        return
    if host.docker.image(body["Image"]) is None:
        host.docker.pull(body["Image"])
    if current is not None:
        host.docker.remove_container(name)
    host.docker.create_container(name, body)
    try:
        host.docker.start(name)
    except EngineError:
        host.docker.remove_container(name)  # remove a half-made one, which would keep the address
        raise


def drift(host: Host) -> Look:
    """Check routes, kernel settings and the ports of the bridge; with ``docker`` also the system containers."""

    def differs(wanted: Description, docker: bool) -> bool:
        if kernel.routes_differ(plan.routes(wanted)) or kernel.settings_differ(plan.sysctls(wanted)):
            return True
        if kernel.hairpin_missing(wanted["bridge"]):
            return True
        return docker and _containers_differ(host, wanted)

    return differs


def _containers_differ(host: Host, wanted: Description) -> bool:
    running = {
        entry["Names"][0].lstrip("/"): entry["Labels"].get(labels.SPEC)
        for entry in host.docker.containers([labels.SYSTEM], everything=False)
    }
    specs = _bodies(host, wanted)
    return any(running.get(name) != body["Labels"][labels.SPEC] for name, body in specs.items())


def _bodies(host: Host, description: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    return plan.containers(description, host.mesh, host.dns, host.check, host.metadata)


def _ensure_network(host: Host, description: Mapping[str, Any], result: Result, check: bool) -> None:
    body = plan.docker_network(description, kernel.uplink_mtu())
    name, wanted = body["Name"], body["IPAM"]["Config"][0]
    current = host.docker.network(name)
    if current is not None:
        present = (current["IPAM"].get("Config") or [{}])[0]
        bridge = current.get("Options", {}).get("com.docker.network.bridge.name")
        if present == wanted and bridge == description["bridge"]:
            return
        foreign = _foreign(current)
        if foreign:
            raise HostStateError(
                "docker network {0} is {1}, not {2}, and in use by {3}".format(
                    name, present.get("Subnet"), wanted["Subnet"], ", ".join(foreign)
                )
            )
        result.add("remove docker network " + name, str(present), str(wanted))
        if not check:
            for container in plan.SYSTEM_CONTAINERS:
                host.docker.remove_container(container)
            host.docker.remove_network(name)
    result.add("create docker network " + name, "", str(wanted))
    if not check:
        host.docker.create_network(body)


def _remove(host: Host, result: Result, check: bool) -> None:
    """Remove what ``apply`` made, found by its labels. The keys in the mesh directory belong to another kind."""
    networks = host.docker.networks(labels.SYSTEM + "=network")
    for network in networks:
        foreign = _foreign(host.docker.network(network["Name"]) or {})
        if foreign:
            raise HostStateError(
                "docker network {0} is still in use by {1}".format(network["Name"], ", ".join(foreign))
            )
    for name in plan.SYSTEM_CONTAINERS:
        if host.docker.container(name) is not None:
            result.add("remove container " + name)
            if not check:
                host.docker.remove_container(name)
    for network in networks:
        result.add("remove docker network " + network["Name"])
        if not check:
            host.docker.remove_network(network["Name"])
        # The kernel removes the routes over the bridge with it, but not the floor below them.
        kernel.remove_routes([plan.floor(network["Labels"][labels.CIDR])], result, check)


def _foreign(network: Mapping[str, Any]) -> List[str]:
    """Names of the users' containers on a network."""
    return sorted(
        entry["Name"]
        for entry in (network.get("Containers") or {}).values()
        if entry["Name"] not in plan.SYSTEM_CONTAINERS
    )


KIND = Kind("network", (NETWORK,), plan.describe, apply, drift, (Path(""), Path(RESOLV)), prepare)
