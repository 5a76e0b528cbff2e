# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack is brought up and removed: the server plans, the module asks, and waits."""

from harness import host
from harness.case import Case, Failure
from harness.conversation import SERVER, api
from harness.resources import ACCESS, PROJECT, chosen, listed, refusal, row

COMPOSE = "web:\n  image: orca/web:$TAG\n"
LINES = ["create web: 2 containers of orca/web:2"]
ENVIRONMENTS = f"{PROJECT}/environments"
SELF = f"{ENVIRONMENTS}/1e1"
ARGUMENTS = {
    **ACCESS,
    "name": "shop",
    "compose": COMPOSE,
    "rancher_compose": "web:\n  scale: 2\n",
    "environment": {"TAG": 2, "PASSWORD": "hush-hush"},
}
FILES = {"docker-compose.yml": COMPOSE, "rancher-compose.yml": "web:\n  scale: 2\n"}


def stack(**fields):
    return row("environment", "1e1", name="shop", links={"services": f"{SERVER}{SELF}/services"}, **fields)


def service(**fields):
    ends = [{"ipAddress": "192.0.2.11", "port": 8080}]
    return row("service", "1s1", **{"name": "web", "scale": 2, "publicEndpoints": ends, **fields})


def found(*stacks):
    return [chosen(), api("GET", f"{ENVIRONMENTS}?name=shop", listed(*stacks))]


def asked(action, answer, variables, *, status=200, **more):
    """An action of the collection, which has to be looked up first."""
    actions = {name: f"{SERVER}{ENVIRONMENTS}?action={name}" for name in ("plan", "apply")}
    body = {"name": "shop", "files": FILES, "variables": variables, **more}
    return [
        api("GET", f"{ENVIRONMENTS}?limit=1", listed(actions=actions)),
        api("POST", f"{ENVIRONMENTS}?action={action}", answer, body=body, status=status),
    ]


def plan(*lines, **more):
    about = {"needs": None, "changed": bool(lines), "lines": list(lines), "warnings": [], "hash": "h1"}
    return {"type": "stackPlan", **about, **more}


NEEDS = plan(needs={"variables": ["TAG"]})
TAG = {"TAG": "2"}
UP = [api("GET", SELF, stack()), api("GET", f"{SELF}/services", listed(service()))]
COMING = [
    api("GET", SELF, stack(transitioning="yes", state="activating")),
    api("GET", f"{SELF}/services", listed(service(state="activating", transitioning="yes"))),
]
PLANNED = [*asked("plan", NEEDS, {}), *asked("plan", plan(*LINES, warnings=["web: no health check"]), TAG)]
NOTHING = [*asked("plan", NEEDS, {}), *asked("plan", plan(), TAG)]
REMOVING = stack(state="removing", transitioning="yes")


def with_file(root):
    host.make(root)
    (root / "compose.yml").write_text(COMPOSE)


UP_FROM_A_FILE = {key: value for key, value in ARGUMENTS.items() if key != "compose"}
RUNS = {
    "check": [*found(), *PLANNED],
    "change": [*found(), *PLANNED, *asked("apply", stack(), TAG, hash="h1"), *COMING, *UP],
    "check_again": [*found(stack()), *NOTHING, api("GET", f"{SELF}/services", listed(service()))],
    "settled": [*found(stack()), *NOTHING, *asked("apply", stack(), TAG, hash="h1"), *UP],
    "warns": ["web: no health check"],
    "gives": {
        "plan": LINES,
        "stack": {"id": "1e1"},
        "services": [{"id": "1s1"}],
        "endpoints": [{"service": "web", "address": "192.0.2.11", "port": 8080}],
    },
    "shows": "stack shop\\n" + LINES[0],
}
CASES = [
    Case("stack", "plans, applies and waits until all is up", ARGUMENTS, **RUNS),
    Case(
        "stack",
        "reads the text from a file",
        {**UP_FROM_A_FILE, "compose_file": "{root}/compose.yml"},
        **RUNS,
        prepare=with_file,
    ),
    Case(
        "stack",
        "removes the stack and waits until it is gone",
        {**ACCESS, "name": "shop", "state": "absent"},
        check=found(stack()),
        change=[
            *found(stack()),
            api("DELETE", SELF, REMOVING),
            api("GET", SELF, REMOVING),
            api("GET", SELF, stack(state="removed", removed="2026-01-01T00:00:00Z")),
        ],
        settled=found(),
        gives={"plan": ["remove stack shop"]},
        shows="remove stack shop",
    ),
]


def failure(when, message, calls=(), arguments=ARGUMENTS, **more):
    return Failure("stack", when, arguments, message, calls, **more)


BROKEN = {"transitioning": "error", "transitioningMessage": "port 80 is taken by web_1"}
FAILURES = [
    failure(
        "of a text that the server does not understand",
        "422 InvalidOption (field files): docker-compose.yml: web: colour is no key",
        [
            *found(),
            *asked(
                "plan",
                refusal(422, "InvalidOption", fieldName="files", message="docker-compose.yml: web: colour is no key"),
                {},
                status=422,
            ),
        ],
        gives={"field": "files"},
        check=True,
    ),
    failure(
        "of which a service fails",
        "service web: port 80 is taken by web_1",
        [
            *found(),
            *PLANNED,
            *asked("apply", stack(), TAG, hash="h1"),
            api("GET", SELF, stack()),
            api("GET", f"{SELF}/services", listed(service(**BROKEN))),
        ],
    ),
    failure(
        "that is not up in time",
        "timed out: environment shop is still activating; service web is still activating",
        [*found(), *PLANNED, *asked("apply", stack(), TAG, hash="h1"), *COMING],
        {**ARGUMENTS, "wait_timeout": 0},
    ),
    failure(
        "with a key that may only look",
        "plan is not offered in project Default: the key may only look there",
        [*found(), api("GET", f"{ENVIRONMENTS}?limit=1", listed())],
    ),
    failure(
        "whose file is not there",
        "cannot read compose_file ",
        arguments={**UP_FROM_A_FILE, "compose_file": "{root}/nowhere.yml"},
    ),
    failure(
        "without a text",
        "state is present but any of the following are missing: compose, compose_file",
        arguments=UP_FROM_A_FILE,
    ),
    failure(
        "with two texts",
        "parameters are mutually exclusive: compose|compose_file",
        arguments={**ARGUMENTS, "compose_file": "x"},
    ),
]
