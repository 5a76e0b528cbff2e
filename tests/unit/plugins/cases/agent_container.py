# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's container is made and waited for, and removed with all that it made."""

import json

from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan.agent import container
from harness import host
from harness.case import Case, Failure, half_way
from harness.conversation import SERVER, command, engine

TOKEN = "F1A2:1:TheTokenItself"
SOCKET = {"docker_socket": "{root}/docker.sock"}
JOINS = {**SOCKET, "image": "orca/agent:2", "registration_url": f"{SERVER}/v1/scripts/{TOKEN}", "ca_sha256": "0a" * 32}
JOINED = {"registration_url": "", "ca_sha256": ""}
AGENT = f"{host.STATE}/agent"
# What the agent writes once it runs; it says so later than any run of a test.
SAYS = {
    f"{AGENT}/identity.json": json.dumps({"uuid": "u1"}),
    f"{AGENT}/credentials.json": json.dumps({"url": f"{SERVER}/v1"}),
    f"{AGENT}/status.json": json.dumps({"state": "connected", "message": "", "since": 2**60}),
}
VERSION = engine("GET", "/version", {"Version": "28.0"})
KNOWN = {"uuid": "u1", "url": f"{SERVER}/v1"}


def no(path):
    return engine("GET", path, {"message": "no such thing"}, status=404)


def seen(image):
    """The container as the module makes it of an image."""

    def answer(root):
        body = container(image, None, str(root / "docker.sock"))
        return {"Config": {"Labels": body["Labels"]}, "State": {"Running": True}}

    return engine("GET", "/containers/orca-agent/json", answer)


ABSENT = no("/containers/orca-agent/json")
MADE = [
    engine("POST", "/containers/create?name=orca-agent", {"Id": "c1"}, status=201),
    engine("POST", "/containers/orca-agent/start", status=204, writes=SAYS),
]
PULLED = [no("/images/orca/agent:2/json"), engine("POST", "/images/create", b'{"status": "Pulled"}\n')]
LISTED = engine("GET", "/containers/json", [{"Names": ["/shop_web_1"]}])
# No other kind of state is on the host.
NOTHING_ELSE = [
    command("iptables-nft-save", "*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n"),
    engine("GET", "/networks", []),
    no("/containers/orca-net/json"),
    no("/containers/orca-dns/json"),
    no("/containers/orca-check/json"),
]


def joined(root):
    host.make(root)
    (root / AGENT).mkdir(parents=True, mode=0o700)
    for path, text in SAYS.items():
        (root / path).write_text(text)


CASES = [
    Case(
        "agent_container",
        "joins, and waits until the agent is connected",
        JOINS,
        check=[VERSION, ABSENT],
        change=[VERSION, ABSENT, *PULLED, *MADE],
        settled=[VERSION, seen("orca/agent:2")],
        later=JOINED,
        gives=KNOWN,
        shows="# create container orca-agent",
        secrets=[TOKEN],
    ),
    Case(
        "agent_container",
        "replaces a container of another image",
        {**SOCKET, "image": "orca/agent:2"},
        check=[VERSION, seen("orca/agent:1")],
        change=[
            VERSION,
            seen("orca/agent:1"),
            engine("GET", "/images/orca/agent:2/json", {"Id": "i2"}),
            engine("DELETE", "/containers/orca-agent", status=204),
            *MADE,
        ],
        settled=[VERSION, seen("orca/agent:2")],
        prepare=joined,
        gives={"actions": ["create container orca-agent"], **KNOWN},
    ),
    Case(
        "agent_container",
        "leaves with the containers of the platform",
        {**SOCKET, "state": "absent"},
        check=[LISTED, seen("orca/agent:2"), *NOTHING_ELSE],
        change=[
            LISTED,
            seen("orca/agent:2"),
            engine("DELETE", "/containers/orca-agent", status=204),
            engine("DELETE", "/containers/shop_web_1", status=204),
            *NOTHING_ELSE,
        ],
        settled=[engine("GET", "/containers/json", []), ABSENT, *NOTHING_ELSE],
        prepare=joined,
        gives={"uuid": None, "url": None},
        shows="shop_web_1",
    ),
]


def failure(when, message, calls=(), arguments=JOINS, **more):
    return Failure("agent_container", when, arguments, message, calls, **more)


def says(state, message, since=2**60):
    return {**SAYS, f"{AGENT}/status.json": json.dumps({"state": state, "message": message, "since": since})}


def started(writes):
    return [
        VERSION,
        ABSENT,
        *PULLED,
        MADE[0],
        engine("POST", "/containers/orca-agent/start", status=204, writes=writes),
    ]


LOG = b"\x01\0\0\0\0\0\0\x15starting\nno such file\n"
FAILURES = [
    half_way(
        failure(
            "that the server refuses",
            "the agent cannot join: the registration token is not accepted",
            started(says("failed", "the registration token is not accepted")),
        )
    ),
    half_way(
        failure(
            "that does not connect",
            "the agent did not connect within 60 s: no route to host",
            started(says("connecting", "no route to host")),
        )
    ),
    half_way(
        failure(
            "that says nothing but in its log",
            "the agent did not connect within 60 s: no such file",
            [*started({}), engine("GET", "/containers/orca-agent/logs?stdout=true&stderr=true&tail=5", LOG)],
        )
    ),
    failure(
        "on a machine without Docker",
        "this host has no running Docker engine; role orca.platform.docker installs one",
        arguments={**JOINS, "docker_socket": "{root}/nowhere.sock"},
    ),
    failure("of an empty image", "image: must not be empty", arguments={**SOCKET, "image": ""}),
    failure("without an image", "all of the following are missing: image", arguments=SOCKET),
]
