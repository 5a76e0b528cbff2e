# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts get labels, stop taking containers, and are removed."""

from harness.case import Case, Failure
from harness.conversation import api
from harness.resources import ACCESS, PROJECT, chosen, listed, refusal, row

SELF = f"{PROJECT}/hosts/1h1"


def h1(**fields):
    return row(
        "host", "1h1", **{"name": None, "hostname": "orca-h1", "actions": ["deactivate"], "labels": {}, **fields}
    )


def seen(*rows):
    return [chosen(), api("GET", f"{PROJECT}/hosts", listed(*rows))]


def case(does, arguments, before, after, *calls, **more):
    """`before` and `after` are the hosts of the project."""
    asked = {"check": seen(*before), "change": [*seen(*before), *calls], "settled": seen(*after)}
    return Case("host", does, {**ACCESS, **arguments}, **asked, **more)


LABELS = {"disk": "ssd", "rack": "7"}
INACTIVE = h1(state="inactive", actions=["activate", "remove"])
BUSY = {"transitioning": "yes", "transitioningMessage": "in progress"}

CASES = [
    case(
        "labels a host and waits until it is settled",
        {"name": "orca-h1", "labels": {"rack": 7}},
        [h1(labels={"disk": "ssd"})],
        [h1(labels=LABELS)],
        api("PUT", SELF, h1(labels=LABELS, state="updating-active", **BUSY), body={"labels": LABELS}),
        api("GET", SELF, h1(labels=LABELS)),
        gives={"hosts": [{"id": "1h1", "state": "active", "labels": LABELS}]},
        shows="'rack': '7'",
    ),
    case(
        "takes other labels away",
        {"names": ["orca-h1"], "labels": {"rack": "7"}, "purge_labels": True},
        [h1(labels=LABELS)],
        [h1(labels={"rack": "7"})],
        api("PUT", SELF, h1(labels={"rack": "7"}), body={"labels": {"rack": "7"}}),
        gives={"hosts": [{"labels": {"rack": "7"}}]},
    ),
    case(
        "lets nothing new onto a host",
        {"name": "orca-h1", "state": "inactive"},
        [h1()],
        [INACTIVE],
        api("POST", f"{SELF}?action=deactivate", h1(state="deactivating", **BUSY), body={}),
        api("GET", SELF, INACTIVE),
        gives={"hosts": [{"state": "inactive"}]},
        shows="inactive",
    ),
    case(
        "removes a host after nothing new comes to it",
        {"name": "orca-h1", "state": "absent"},
        [h1()],
        [],
        api("POST", f"{SELF}?action=deactivate", INACTIVE, body={}),
        api("DELETE", SELF, h1(state="removing", **BUSY)),
        api("GET", SELF, refusal(404, "NotFound"), status=404),
        gives={"hosts": []},
    ),
]


def failure(when, message, calls, arguments=None, **more):
    return Failure("host", when, {**ACCESS, "name": "orca-h1", **(arguments or {})}, message, calls, **more)


FAILURES = [
    failure("has not joined", "no host named orca-h1 has joined project Default", seen()),
    failure(
        "is one of several of a name",
        "names: orca-h1 is the name of several hosts, 1h1, 1h2",
        seen(h1(), row("host", "1h2", name="orca-h1")),
    ),
    failure(
        "cannot be activated now",
        "activate is not possible while host orca-h1 is removing",
        seen(h1(state="removing", actions=[])),
    ),
    failure(
        "stays in transition",
        "timed out: host orca-h1 is still deactivating: in progress",
        [*seen(h1()), api("POST", f"{SELF}?action=deactivate", h1(state="deactivating", **BUSY), body={})],
        {"state": "inactive", "wait_timeout": 0},
    ),
    failure(
        "ends in an error",
        "host orca-h1 is error: no room",
        [
            *seen(h1()),
            api(
                "POST",
                f"{SELF}?action=deactivate",
                h1(state="error", transitioning="error", transitioningMessage="no room"),
                body={},
            ),
        ],
        {"state": "inactive"},
    ),
    failure(
        "is to be in a state that there is not",
        "value of state must be one of: present, inactive, absent",
        [],
        {"state": "gone"},
    ),
]
