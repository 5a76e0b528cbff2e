# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines are made with a key of their own, and removed with it."""

from functools import partial

from ansible_collections.orca.platform.plugins.module_utils.machine.home import Home
from harness import host
from harness.case import Case, Failure, half_way
from harness.conversation import command
from memorydriver import Memory

FOLDER = "home/machines/h1"
KEYGEN = f"ssh-keygen -q -t ed25519 -N  -C orca machine h1 -f {{root}}/{FOLDER}/id_ed25519"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----"
MADE = {f"{FOLDER}/id_ed25519": PRIVATE, f"{FOLDER}/id_ed25519.pub": "ssh-ed25519 AAAA orca machine h1\n"}
KEY = command(KEYGEN, writes=MADE)
H1 = {"home": "{root}/home", "name": "h1", "image": "orca/machine:1"}


def empty(root, driver=None):
    """No machine; the driver keeps those that are made."""
    host.make(root)
    driver = driver or Memory()
    return {"driver_named": lambda name, **settings: driver}


def one(root, **changes):
    """A machine that runs, and its key."""
    parts = empty(root)
    driver, home = parts["driver_named"]("local"), Home(str(root / "home"))
    for path, text in MADE.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    driver.prepare([], check=False)
    home.remember("local", driver.add("h1", "ssh-ed25519 AAAA", **changes))
    return parts


CASES = [
    Case(
        "machine",
        "makes a machine that lets its key in",
        {**H1, "memory": "1G"},
        change=[KEY],
        prepare=empty,
        gives={"machine": {"name": "h1", "state": "running", "address": "192.0.2.1", "ssh_host_key": "192.0.2.1 k 1"}},
        shows="absent",
        secrets=[PRIVATE],
    ),
    Case(
        "machine",
        "starts a machine that has stopped",
        H1,
        prepare=partial(one, state="stopped"),
        gives={"machines": [{"name": "h1", "state": "running"}]},
        shows="stopped",
    ),
    Case(
        "machine",
        "removes a machine with its key",
        {"home": "{root}/home", "machines": [{"name": "h1"}], "state": "absent"},
        prepare=one,
        gives={"machines": [{"name": "h1", "state": "absent"}]},
        shows="running",
    ),
]


TWICE = {"machines": [{"name": "a"}, {"name": "a"}]}


def failure(when, message, calls=(), **arguments):
    return Failure("machine", when, {**H1, **arguments}, message, calls, prepare=empty)


FAILURES = [
    failure("of a size that is none", "memory: much of h1 is not a size", memory="much"),
    half_way(failure("that the driver cannot make", "broken", [KEY], image="broken")),
    half_way(failure("whose key cannot be made", "id_ed25519: no room", [command(KEYGEN, "no room", status=255)])),
    failure("by a driver that there is not", "value of driver must be one of: local", driver="cloud"),
    Failure(
        "machine",
        "of several of a name",
        {"machines": [{"name": "a"}] * 2},
        "machines: named more than once: a",
        prepare=empty,
    ),
    Failure("machine", "without a name", {}, "one of the following is required: name, machines"),
    failure("of one and of several", "parameters are mutually exclusive: name|machines", machines=[]),
]
