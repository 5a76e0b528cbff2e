# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker network, what belongs to it in the kernel, and the two system containers are made."""

from harness import host
from harness.case import Case, Failure, half_way
from harness.conversation import command, engine

from orca.hoststate.plan.network import containers

ARGUMENTS = {"subnet": "10.42.1.0/24", "net_image": "orca/net:1", "dns_image": "orca/dns:1"}
IMAGES = {"orca-net": "orca/net:1", "orca-dns": "orca/dns:1"}
DESCRIPTION = {
    "cidr": "10.42.0.0/16",
    "subnet": "10.42.1.0/24",
    "network": "orca",
    "images": {"net": IMAGES["orca-net"], "dns": IMAGES["orca-dns"]},
}
SETTINGS = ("net/ipv4/ip_forward", "net/ipv4/conf/all/send_redirects", "net/ipv4/conf/orca0/send_redirects")
RANGE = {"Subnet": "10.42.1.0/24", "IPRange": "10.42.1.240/28", "Gateway": "10.42.1.1"}
# As /proc/net/route has them: the floor below all, the range behind the network agent, the resolver behind its own.
OUR_ROUTES = """\
* 00002A0A 00000000 0200 0 0 -1 0000FFFF 0 0 0
orca0 00002A0A 02012A0A 0003 0 0 0 0000FFFF 0 0 0
orca0 FAA9FEA9 03012A0A 0007 0 0 0 FFFFFFFF 0 0 0
"""
BATCH = """\
route replace unreachable 10.42.0.0/16 metric 4294967295
route replace 10.42.0.0/16 via 10.42.1.2 dev orca0 src 10.42.1.1
route replace 169.254.169.250/32 via 10.42.1.3 dev orca0 src 10.42.1.1
"""


def with_kernel(root):
    settings = {name.replace("/", "__"): "1" for name in SETTINGS}
    host.make(root, **settings, **{"net__bridge__bridge-nf-call-iptables": "0"})


def no(path):
    return engine("GET", path, {"message": "no such thing"}, status=404)


def made(name, pulled=b'{"status": "Pulled"}\n'):
    """The requests by which a system container is made whose image the host does not have."""
    return [
        no(f"/containers/{name}/json"),
        no(f"/images/{IMAGES[name]}/json"),
        engine("POST", f"/images/create?fromImage={IMAGES[name]}", pulled),
        engine("POST", f"/containers/create?name={name}", {"Id": name}, status=201),
        engine("POST", f"/containers/{name}/start", status=204),
    ]


def seen(name, running=True):
    """A system container as the module makes it."""

    def answer(root):
        state = root / host.STATE
        body = containers(DESCRIPTION, *(str(state / each) for each in ("mesh", "dns", "check", "metadata")))[name]
        return {"Config": {"Labels": body["Labels"]}, "State": {"Running": running}}

    return engine("GET", f"/containers/{name}/json", answer)


def network(config=RANGE, **containers):
    options = {"com.docker.network.bridge.name": "orca0"}
    inside = {name: {"Name": name} for name in containers.values()}
    return engine("GET", "/networks/orca", {"IPAM": {"Config": [config]}, "Options": options, "Containers": inside})


SETTLED = [network(), seen("orca-net"), seen("orca-dns")]
LISTED = engine("GET", "/networks", [{"Name": "orca", "Labels": {"io.orca.cidr": "10.42.0.0/16"}}])
NONE = engine("GET", "/networks", [])


def with_our_routes(root):
    with_kernel(root)
    (root / "proc/net/route").write_text(host.ROUTES + host.UPLINK + OUR_ROUTES)


CASES = [
    Case(
        "managed_network",
        "makes all of it",
        ARGUMENTS,
        check=[no("/networks/orca"), no("/containers/orca-net/json"), no("/containers/orca-dns/json")],
        change=[
            no("/networks/orca"),
            engine("POST", "/networks/create", {"Id": "n1"}, status=201),
            command("ip -batch -", body=BATCH, writes={"proc/net/route": host.ROUTES + host.UPLINK + OUR_ROUTES}),
            *made("orca-net"),
            *made("orca-dns"),
        ],
        settled=SETTLED,
        prepare=with_kernel,
        shows="10.42.1.240/28",
    ),
    Case(
        "managed_network",
        "takes it away, and leaves the keys of the mesh",
        {"state": "absent"},
        check=[LISTED, network(), seen("orca-net"), no("/containers/orca-dns/json"), no("/containers/orca-check/json")],
        change=[
            LISTED,
            network(),
            seen("orca-net"),
            engine("DELETE", "/containers/orca-net", status=204),
            no("/containers/orca-dns/json"),
            no("/containers/orca-check/json"),
            engine("DELETE", "/networks/orca", status=204),
            command("ip -batch -", body="route delete unreachable 10.42.0.0/16 metric 4294967295\n"),
        ],
        settled=[NONE, *(no(f"/containers/orca-{part}/json") for part in ("net", "dns", "check"))],
        prepare=with_our_routes,
        shows="unreachable 10.42.0.0/16",
    ),
]


def failure(when, message, calls=(), prepare=with_kernel, **arguments):
    return Failure("managed_network", when, {**ARGUMENTS, **arguments}, message, calls, prepare=prepare)


def taken(root):
    with_kernel(root)
    (root / "proc/net/route").write_text(host.ROUTES + "eth1 00002A0A 00000000 0001 0 0 0 0000FFFF 0 0 0\n")


FAILURES = [
    failure(
        "whose range is in use",
        "docker network orca is 10.9.0.0/24, not 10.42.1.0/24, and in use by web_1",
        [network({"Subnet": "10.9.0.0/24"}, a="web_1")],
    ),
    failure("that the host has a route to", "collides with this host's route 10.42.0.0/16 on eth1", prepare=taken),
    half_way(
        failure(
            "whose image the registry does not have",
            "docker: pull orca/net:1 (500): manifest unknown",
            [network(), *made("orca-net", b'{"error": "manifest unknown"}\n')[:3]],
            prepare=with_our_routes,
        )
    ),
    failure(
        "that the engine refuses",
        "docker: GET /networks/orca (500): the daemon is shutting down",
        [engine("GET", "/networks/orca", {"message": "the daemon is shutting down"}, status=500)],
    ),
    failure("in a range that is none", "subnet: 10.42.1.0/99 is not an IPv4 network", subnet="10.42.1.0/99"),
    failure("without images", "must not be empty with state=present: dns_image, net_image", net_image="", dns_image=""),
]
