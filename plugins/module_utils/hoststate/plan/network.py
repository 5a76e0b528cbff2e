# SPDX-License-Identifier: Apache-2.0
"""The managed network of a host: Docker network, kernel settings, routes and the system containers.

Described by ``{cidr, subnet, bridge, network, images: {net, dns, haproxy?}}``.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from . import labels
from .addressing import RESOLVER, HostRange
from .containers import HOST_CONFIG, specified
from .items import NETWORK
from .places import CHECKER_CONFIGURATION, CHECKER_SIDE

#: Names of the bridge device and of the Docker network.
BRIDGE, DOCKER_NETWORK = "orca0", "orca"
NET_AGENT, DNS_AGENT, CHECKER = "orca-net", "orca-dns", "orca-check"
#: All that may be on the Docker network besides containers of users.
SYSTEM_CONTAINERS = (NET_AGENT, DNS_AGENT, CHECKER)

#: The user of the checker, which needs no right at all; a number below 1000 would be some service's on the host.
#: Its group is root's, as the sockets are shared with the agent.
_CHECKER_USER = "65054:0"

#: The kernel's worst metric: such a route counts only if no other does.
WORST_METRIC = 4294967295


class Route(NamedTuple):
    """One route of the main table; neither ``via`` nor ``device`` means unreachable."""

    destination: str
    via: Optional[str] = None
    device: Optional[str] = None
    source: Optional[str] = None
    metric: int = 0

    def command(self) -> str:
        """Arguments of ``ip route replace``."""
        if self.via is None:
            return "unreachable {0} metric {1}".format(self.destination, self.metric)
        text = "{0} via {1} dev {2}".format(self.destination, self.via, self.device)
        return text + (" src {0}".format(self.source) if self.source else "")


def describe(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Join config items (name -> description); ``None``: the host has no network."""
    network = items.get(NETWORK.item())
    return None if network is None else dict({"bridge": BRIDGE, "network": DOCKER_NETWORK}, **network)


def environment(items: Mapping[str, Mapping[str, Any]]) -> Optional[Dict[str, Any]]:
    """Return ``{cidr, subnet}``, which every other kind needs too; ``None``: the host has no network."""
    network = items.get(NETWORK.item())
    return None if network is None else {key: network[key] for key in ("cidr", "subnet")}


def routes(description: Mapping[str, Any]) -> List[Route]:
    """Routes to other hosts' ranges through the network agent, and to the resolver through the DNS container."""
    host, cidr, bridge = (
        HostRange(description["subnet"]),
        str(ipaddress.IPv4Network(description["cidr"])),
        description["bridge"],
    )
    return [
        floor(cidr),
        Route(cidr, via=host.net_agent, device=bridge, source=host.gateway),
        Route(RESOLVER + "/32", via=host.dns, device=bridge, source=host.gateway),
    ]


def floor(cidr: str) -> Route:
    """The route of last resort: while the bridge is missing, packets to the project's range must not take the
    default route.
    """
    return Route(str(ipaddress.IPv4Network(cidr)), metric=WORST_METRIC)


def sysctls(description: Mapping[str, Any]) -> Dict[str, str]:
    """Kernel settings, path below ``/proc/sys`` -> value.

    Redirects would make containers bypass the gateway. Bridged frames must pass iptables, or answers between neighbours
    of one bridge would not be translated back.
    """
    bridge = description["bridge"]
    return {
        "net/ipv4/ip_forward": "1",
        "net/ipv4/conf/all/send_redirects": "0",
        "net/ipv4/conf/{0}/send_redirects".format(bridge): "0",
        "net/bridge/bridge-nf-call-iptables": "1",
    }


def docker_network(description: Mapping[str, Any], mtu: int) -> Dict[str, Any]:
    """Body of ``POST /networks/create``.

    :param mtu: of the uplink; a smaller one would fragment the network agent's outer packets.
    """
    host = HostRange(description["subnet"])
    return {
        "Name": description["network"],
        "CheckDuplicate": True,
        "Driver": "bridge",
        "IPAM": {
            "Driver": "default",
            "Config": [{"Subnet": host.subnet, "IPRange": host.ip_range, "Gateway": host.gateway}],
        },
        "Options": {"com.docker.network.bridge.name": description["bridge"], "com.docker.network.driver.mtu": str(mtu)},
        "Labels": {labels.SYSTEM: "network", labels.CIDR: description["cidr"]},
    }


def containers(
    description: Mapping[str, Any],
    mesh_directory: str,
    dns_directory: str,
    check_directory: str,
    metadata_directory: str,
) -> Dict[str, Dict[str, Any]]:
    """Bodies of ``POST /containers/create`` for the system containers, by name.

    They work from the files in their directories, and Docker restarts them, so they need no agent.
    """
    host, images = HostRange(description["subnet"]), description["images"]
    net = {
        "Image": images["net"],
        "Env": ["ORCA_CIDR={0}".format(description["cidr"])],
        "Labels": {labels.SYSTEM: "net"},
        "HostConfig": {
            "CapAdd": ["NET_ADMIN", "NET_BIND_SERVICE"],
            "Devices": [{"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun", "CgroupPermissions": "rwm"}],
            "Sysctls": {
                "net.ipv4.ip_forward": "1",
                "net.ipv4.conf.all.rp_filter": "0",
                "net.ipv4.conf.default.rp_filter": "0",
                "net.ipv4.conf.all.send_redirects": "0",
                "net.ipv4.conf.default.send_redirects": "0",
            },
            "Binds": ["{0}:/etc/swanctl".format(mesh_directory)],
        },
    }
    dns = {
        "Image": images["dns"],
        "Labels": {labels.SYSTEM: "dns"},
        "HostConfig": {
            # Only the entry point uses them, and drops them before it starts the resolver and the metadata service.
            "CapAdd": ["CHOWN", "NET_ADMIN", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID"],
            "Binds": ["{0}:/etc/orca-dns".format(dns_directory), "{0}:/etc/orca-metadata".format(metadata_directory)],
        },
    }
    wanted = {
        NET_AGENT: _container(net, NET_AGENT, description["network"], host.net_agent),
        DNS_AGENT: _container(dns, DNS_AGENT, description["network"], host.dns),
    }
    if images.get("haproxy"):  # a server of 0.1.0 names none, nor need a playbook
        check = {
            "Image": images["haproxy"],
            "Entrypoint": ["haproxy", "-q", "-db", "-f", "{0}/{1}".format(CHECKER_SIDE, CHECKER_CONFIGURATION)],
            "User": _CHECKER_USER,
            "Labels": {labels.SYSTEM: "check"},
            "HostConfig": {"Binds": ["{0}:{1}".format(check_directory, CHECKER_SIDE)]},
        }
        wanted[CHECKER] = _container(check, CHECKER, description["network"], host.checker)
    return wanted


def _container(body: Dict[str, Any], name: str, network: str, address: str) -> Dict[str, Any]:
    endpoint = {"IPAMConfig": {"IPv4Address": address}}
    return specified(
        dict(
            body,
            Hostname=name,
            HostConfig=dict(HOST_CONFIG, NetworkMode=network, **body["HostConfig"]),
            NetworkingConfig={"EndpointsConfig": {network: endpoint}},
        )
    )
