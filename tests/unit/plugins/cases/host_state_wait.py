# SPDX-License-Identifier: GPL-3.0-or-later
"""The owner files are read until the agent has applied what is waited for."""

from harness import host
from harness.case import Case, Failure

AGENTS = {"owner": "agent", "version": 7}
PUSHED = {"owner": "push", "version": 1}


def owned(**owners):
    def prepare(root):
        host.make(root)
        for kind, owner in owners.items():
            host.write_json(root / host.STATE / "host" / f"{kind}.json", {**owner, "sha256": "0", "updated": 1})

    return prepare


CASES = [
    Case(
        "host_state_wait",
        "sees what is applied",
        {"kinds": ["network", "mesh"], "version": 7},
        prepare=owned(network=AGENTS, mesh=AGENTS),
        gives={"owners": {"network": AGENTS, "mesh": AGENTS}},
        changes=False,
    )
]


def failure(when, message, **more):
    return Failure("host_state_wait", when, {"kinds": ["mesh"], "version": 8, "timeout": 5}, message, **more)


LATE = "the agent did not apply within 5 s: mesh "
FAILURES = [
    failure("of a kind that nobody applied", LATE + "(nothing applied)", gives={"owners": {}}),
    failure(
        "of an older version",
        LATE + "(owned by agent, version 7)",
        prepare=owned(mesh=AGENTS),
        gives={"owners": {"mesh": AGENTS}},
    ),
    failure("of what a playbook applied", LATE + "(owned by push, version 1)", prepare=owned(mesh=PUSHED)),
    failure("of a damaged owner file", "mesh.json is damaged: 'owner'", prepare=owned(mesh={})),
    Failure(
        "host_state_wait",
        "of an unknown kind",
        {"kinds": ["disk"]},
        "must be one or more of: balancers, checks, dns",
    ),
]
