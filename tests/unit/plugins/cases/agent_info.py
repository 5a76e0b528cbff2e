# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's files are read, and the server asked whether it takes its credentials."""

from harness.case import Case, Failure
from harness.conversation import SERVER, Call, basic
from harness.host import agent_files, make

SECRET = "the-agents-secret"
CREDENTIALS = {"url": f"{SERVER}/v1", "accessKey": "a", "secretKey": SECRET, "caSha256": ""}
STATUS = {"state": "connected", "message": "all is well", "since": 7}


def joined(root):
    make(root)
    agent_files(root, identity={"uuid": "u1"}, credentials=CREDENTIALS, status=STATUS)


def asked(status):
    return [Call("api", "GET", "/v1/agents", status=status, authorization=basic("a", SECRET))]


def looks(does, registered, calls, prepare, **gives):
    same = {"check": calls, "change": calls, "settled": calls, "changes": False, "secrets": [SECRET]}
    return Case("agent_info", does, {}, **same, prepare=prepare, gives={"registered": registered, **gives})


KNOWN = {"uuid": "u1", "url": f"{SERVER}/v1", "state": "connected", "message": "all is well"}
CASES = [
    looks("finds a host that has joined", True, asked(200), joined, **KNOWN),
    looks("finds a host that the server has forgotten", False, asked(401), joined, **KNOWN),
    looks("does not take an error of the server for a refusal", True, asked(503), joined, **KNOWN),
    looks("finds a machine that is no host", False, [], make, uuid=None, url=None, state="", message=""),
]
FAILURES = [Failure("agent_info", "is given an option", {"name": "h1"}, "Unsupported parameters")]
