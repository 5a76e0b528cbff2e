# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate, authority and peers are written, and the network agent loads them."""

from harness import host
from harness.case import Case, Failure, half_way
from harness.conversation import engine

PEER = {"id": "h2", "name": "host-2", "address": "192.0.2.12", "subnet": "10.42.2.0/24"}
NOWHERE = {"id": "h2", "subnet": "10.42.2.0/24"}
ARGUMENTS = {"id": "h1", "subnet": "10.42.1.0/24", "certificate": "CERTIFICATE\n", "ca": "CA\n", "peers": [PEER]}
ABSENT = engine("GET", "/containers/orca-net/json", {"message": "no such container"}, status=404)
RUNS = engine("GET", "/containers/orca-net/json", {"State": {"Running": True}})


def loads(code=0, said=b""):
    """The network agent reads its files."""
    stream = b"\x02\0\0\0" + len(said).to_bytes(4, "big") + said if said else b""
    streams = {"Tty": False, "AttachStdin": False, "AttachStdout": True, "AttachStderr": True}
    return [
        RUNS,
        engine("POST", "/containers/orca-net/exec", {"Id": "e1"}, body={"Cmd": ["mesh-reload"], "Env": [], **streams}),
        engine("POST", "/exec/e1/start", stream),
        engine("GET", "/exec/e1/json", {"ExitCode": code}),
    ]


def networked(root):
    host.make(root)
    for name in ("conf.d", "x509", "x509ca", "private"):
        (root / host.STATE / "mesh" / name).mkdir(parents=True)


def meshed(root):
    networked(root)
    (root / host.STATE / "mesh" / "x509ca" / "ca.pem").write_text("CA\n")


CASES = [
    Case(
        "ipsec_mesh",
        "writes for an agent that does not run yet",
        ARGUMENTS,
        change=[ABSENT],
        prepare=networked,
        shows="192.0.2.12",
    ),
    Case("ipsec_mesh", "has a running agent load it", ARGUMENTS, change=loads(), prepare=networked),
    Case("ipsec_mesh", "takes everything away", {"state": "absent"}, change=loads(), prepare=meshed, shows="ca.pem"),
]


def failure(when, message, calls=(), prepare=networked, **arguments):
    return Failure("ipsec_mesh", when, {**ARGUMENTS, **arguments}, message, calls, prepare=prepare)


FAILURES = [
    half_way(failure("that charon refuses", "mesh-reload in orca-net: no such key", loads(1, b"no such key\n"))),
    failure("where there is no network yet", "kind network is applied first", prepare=host.make),
    failure("without a certificate", "must not be empty with state=present: certificate", certificate=None),
    failure(
        "with a peer without an address",
        "missing required arguments: address found in peers",
        peers=[{"id": "h2", "subnet": "x"}],
    ),
    failure("on a host that an agent runs", "owned by agent", prepare=host.owned("mesh", "agent")),
]
