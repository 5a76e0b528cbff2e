# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines are made with a key of their own, and removed with it. The engine is the control node's, by driver local."""

from functools import partial

from ansible_collections.orca.platform.plugins.module_utils.machine.driver import Machine
from ansible_collections.orca.platform.plugins.module_utils.machine.home import Home
from ansible_collections.orca.platform.plugins.module_utils.machine.local import LOOK
from harness import host
from harness.case import Case, Failure, half_way
from harness.conversation import ANY, Holds, command, engine, greeting, ran

FOLDER = "home/machines/h1"
KEYGEN = f"ssh-keygen -q -t ed25519 -N  -C orca machine h1 -f {{root}}/{FOLDER}/id_ed25519"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----"
PUBLIC = "ssh-ed25519 AAAA"
MADE = {f"{FOLDER}/id_ed25519": PRIVATE, f"{FOLDER}/id_ed25519.pub": f"{PUBLIC} orca machine h1\n"}
KEY = command(KEYGEN, writes=MADE)
H1 = {"home": "{root}/home", "name": "h1", "image": "orca/machine:1"}
GIB = 2**30

ADDRESS, NETWORK = "172.31.0.10", "orca-machines"
ON_NETWORK = {NETWORK: {"IPAddress": ADDRESS, "IPAMConfig": {"IPv4Address": ADDRESS}}}
IMAGES = engine("GET", "/images/json", [{"Created": 1, "RepoTags": ["orca/machine:1"]}])
NO_NETWORK, LISTED = engine("GET", "/networks", []), engine("GET", "/containers/json", [])
SEEN = {
    "Id": "n1",
    "Name": NETWORK,
    "Labels": {"io.orca.machines": NETWORK},
    "IPAM": {"Config": [{"Subnet": "172.31.0.0/24"}]},
}
NETWORKS = engine("GET", "/networks", [SEEN])
LISTED_ONE = engine("GET", "/containers/json", [{"Names": ["/h1"], "NetworkSettings": {"Networks": ON_NETWORK}}])
UP = ran("h1", "systemctl is-system-running --wait", "running\n")
MISSING = engine("GET", "/containers/h1/json", {"message": "No such container: h1"}, status=404)
REFUSED = {"message": "no space left on device"}


def inspected(*, running=True, memory=0):
    """What the engine says of the machine."""
    body = {
        "Id": "c1",
        "State": {"Running": running, "Paused": False},
        "Config": {"Image": "orca/machine:1", "Labels": {"io.orca.machine": "h1"}},
        "HostConfig": {"Memory": memory, "CpuQuota": 0},
        "NetworkSettings": {"Networks": ON_NETWORK},
    }
    return engine("GET", "/containers/h1/json", body)


def look(container, *, key=PUBLIC):
    """What the machine says of itself: who may log in, its host key, its control groups."""
    return ran(container, LOOK, f"{key}\n---\nssh-ed25519 BBBB root@h1\n---\n0::/init.scope\n")


def starts(memory=0):
    """The key is let in, the container starts, and systemd and sshd are up."""
    return [
        engine("PUT", "/containers/h1/archive", body=ANY),
        engine("POST", "/containers/h1/start", status=204, body=ANY),
        inspected(memory=memory),
        *UP,
        *look("c1"),
        greeting(ADDRESS),
    ]


MAKES_NETWORK = [
    NO_NETWORK,
    NO_NETWORK,
    engine("POST", "/networks/create", {"Id": "n1"}, status=201, body=Holds(Name=NETWORK, Internal=True)),
]
CREATE = Holds(
    Image="orca/machine:1",
    Hostname="h1",
    Labels={"io.orca.machine": "h1", "io.orca.machine.driver": "local"},
    HostConfig={"Memory": GIB, "MemorySwap": GIB, "NetworkMode": NETWORK, "SecurityOpt": ANY, "MaskedPaths": []},
    NetworkingConfig={"EndpointsConfig": {NETWORK: {"IPAMConfig": {"IPv4Address": ADDRESS}}}},
)
STANDS = [inspected(memory=GIB), NETWORKS]


def control_node(root):
    """A control node that may give every capability away, with cgroup v2."""
    host.make(root)
    for path, text in {
        "proc/self/status": "Name:\tpython3\nCapBnd:\t000001ffffffffff\n",
        "sys/fs/cgroup/cgroup.controllers": "cpu memory\n",
        "run/lock/orca-machines": "",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def one(root):
    """A machine was made: its key is there, and it is remembered."""
    control_node(root)
    for path, text in MADE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    made = Machine("h1", "c1", "running", "orca/machine:1", address=ADDRESS, host_key="ssh-ed25519 BBBB")
    Home(str(root / "home")).remember("local", made)


case = partial(Case, "machine")
CASES = [
    case(
        "makes a machine that lets its key in",
        {**H1, "memory": "1G"},
        check=[MISSING, IMAGES, NO_NETWORK],
        change=[
            *(MISSING, IMAGES, *MAKES_NETWORK, NETWORKS, LISTED, KEY, NETWORKS),
            engine("POST", "/containers/create?name=h1", {"Id": "c1", "Warnings": []}, status=201, body=CREATE),
            *starts(GIB),
        ],
        check_again=[*STANDS, *look("c1")],
        settled=[*STANDS, NETWORKS, LISTED_ONE, *look("c1")],
        prepare=control_node,
        gives={
            "machine": {
                "name": "h1",
                "state": "running",
                "address": ADDRESS,
                "ssh_host_key": f"{ADDRESS} ssh-ed25519 BBBB",
            }
        },
        shows="absent",
        secrets=[PRIVATE],
    ),
    case(
        "starts a machine that has stopped",
        H1,
        check=[inspected(running=False), NETWORKS],
        change=[inspected(running=False), NETWORKS, NETWORKS, LISTED_ONE, *starts()],
        check_again=[inspected(), NETWORKS, *look("c1")],
        settled=[inspected(), NETWORKS, NETWORKS, LISTED_ONE, *look("c1")],
        prepare=one,
        gives={"machines": [{"name": "h1", "state": "running"}]},
        shows="stopped",
    ),
    case(
        "removes a machine with its key",
        {"home": "{root}/home", "machines": [{"name": "h1"}], "state": "absent"},
        check=[inspected(), NETWORKS, LISTED_ONE],
        change=[
            inspected(),
            engine("POST", "/containers/c1/stop", status=204, body=ANY),
            engine("DELETE", "/containers/c1", status=204),
            *(NETWORKS, LISTED),
            engine("DELETE", "/networks/n1", status=204),
        ],
        settled=[MISSING, NO_NETWORK],
        prepare=one,
        gives={"machines": [{"name": "h1", "state": "absent"}]},
        shows="running",
    ),
]


def failure(when, message, calls=(), **arguments):
    return Failure("machine", when, {**H1, **arguments}, message, calls, prepare=control_node)


MAKES = [MISSING, IMAGES, NETWORKS, NETWORKS, LISTED, KEY, NETWORKS]
CREATED = engine("POST", "/containers/create?name=h1", {"Id": "c1", "Warnings": []}, status=201)
CLEANS_UP = [MISSING, NETWORKS, LISTED, engine("DELETE", "/networks/n1", status=204)]
OF_ANOTHER = {"Id": "c9", "Config": {"Labels": {}}}

FAILURES = [
    failure("of a size that is none", "memory: much of h1 is not a size", memory="much"),
    failure(
        "of an image that nobody built",
        "image: the control node's engine has no orca/machine:1; build it with script/images",
        [MISSING, engine("GET", "/images/json", [])],
    ),
    half_way(
        failure(
            "that the engine cannot make",
            "h1: the engine cannot make it from orca/machine:1: 500",
            [*MAKES, engine("POST", "/containers/create?name=h1", REFUSED, status=500), *CLEANS_UP],
        )
    ),
    half_way(
        failure(
            "that the engine cannot start",
            "h1: the engine cannot start it: 500",
            [
                *(*MAKES, CREATED, engine("PUT", "/containers/h1/archive", body=ANY)),
                engine("POST", "/containers/h1/start", REFUSED, status=500),
                engine("DELETE", "/containers/c1", status=204),
                *CLEANS_UP,
            ],
        )
    ),
    half_way(
        failure(
            "that stops while it starts",
            "h1: stopped while it started: no init",
            [
                *(*MAKES, CREATED, *starts()[:2], inspected(running=False)),
                engine("GET", "/containers/h1/logs", "no init"),
                engine("GET", "/containers/h1/json", {"Config": {"Tty": True}}),
                engine("DELETE", "/containers/c1", status=204),
                *CLEANS_UP,
            ],
        )
    ),
    failure(
        "of a name that is taken",
        "name: h1 is taken by a container that this driver did not make",
        [engine("GET", "/containers/h1/json", OF_ANOTHER)],
    ),
    failure(
        "in another subnet than the network has",
        "subnet: network orca-machines exists with 172.31.0.0/24, not 10.9.0.0/24",
        [MISSING, IMAGES, NETWORKS],
        subnet="10.9.0.0/24",
    ),
    half_way(
        failure(
            "whose key cannot be made",
            "id_ed25519: no room",
            [*MAKES[:5], command(KEYGEN, "no room", status=255), *CLEANS_UP],
        )
    ),
    failure("by a driver that there is not", "value of driver must be one of: local", driver="cloud"),
    Failure(
        "machine",
        "of several of a name",
        {"machines": [{"name": "a"}] * 2},
        "machines: named more than once: a",
    ),
    Failure("machine", "without a name", {}, "one of the following is required: name, machines"),
    failure("of one and of several", "parameters are mutually exclusive: name|machines", machines=[]),
]
