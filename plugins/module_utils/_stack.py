# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to this collection: no stable interface for others.
"""What has to happen to a stack: pure planning, carrying out, and waiting until it is so."""

from __future__ import annotations

import time

from ansible_collections.orca.platform.plugins.module_utils._api import ApiError, called, pause, spelled

CURE = 15  # seconds for the server to cure what had failed before it was asked for anything
# Up for good: after an upgrade both generations are kept until somebody finishes it or rolls back.
UP = ("active", "upgraded")
FIELDS = ("dockerCompose", "rancherCompose", "environment")


class Plan:
    """The operations that are missing, in order, with the managed fields before and after.

    `operations` holds some of `create`, `finish`, `activate`, `upgrade`, `remove`.
    """

    def __init__(self, operations, before, after):
        self.operations, self.before, self.after = tuple(operations), before, after

    @property
    def changed(self):
        return bool(self.operations)

    def diff(self, name):
        """The form that Ansible's diff mode shows."""
        return {
            "before_header": f"stack {name}",
            "after_header": f"stack {name}",
            "before": _text(self.before),
            "after": _text(self.after),
        }


def wanted(compose, rancher_compose, environment):
    """The managed fields of a stack that should exist, as the API spells them."""
    return {
        "dockerCompose": compose,
        "rancherCompose": rancher_compose or "",
        "environment": {str(key): spelled(value) for key, value in (environment or {}).items()},
    }


def plan(want, have, services):
    """Compare a wanted stack with the one there is.

    :param want: fields from `wanted`, or None for no stack
    :param have: the API's stack, or None
    :param services: the API's services of that stack
    """
    before = None if have is None else {field: have.get(field) or type_of(field) for field in FIELDS}
    if want is None:
        return Plan([] if have is None else ["remove"], before, None)
    if have is None:
        return Plan(["create"], None, want)
    # An upgrade that an earlier run did not see to its end comes first: until then the stack takes nothing else.
    operations = ["finish"] if have.get("state") == "upgraded" else []
    if any(service["state"] in ("inactive", "deactivating") for service in services):
        operations.append("activate")
    if before != want:
        operations.append("upgrade")
    return Plan(operations, before, want)


def type_of(field):
    """The empty value of a managed field."""
    return {} if field == "environment" else ""


def carry_out(client, name, change, have, deadline):
    """Ask the server for everything in the plan; the stack as the last answer shows it, None when it is to go."""
    if have is not None and change.operations and change.operations != ("remove",):
        have = at_rest(client, have, deadline)
    for operation in change.operations:
        if operation == "create":
            have = client.create("environments", name=name, startOnCreate=True, **change.after)
        elif operation == "finish":
            have = finish(client, have, deadline)
        elif operation == "activate":
            have = client.act(have, "activateservices")
        elif operation == "upgrade":
            have = client.act(have, "upgrade", **change.after)
        elif operation == "remove":
            have = client.remove(have)
    return have


def finish(client, stack, deadline):
    """End an upgrade for good: what it replaced is removed. The stack once that is done."""
    return at_rest(client, client.act(stack, "finishupgrade"), deadline)


def at_rest(client, stack, deadline):
    """The stack once nothing is under way with it, whatever the outcome: what is wanted now may be the cure."""
    while stack.get("transitioning") == "yes":
        pause(deadline, f"{called(stack)} is still {stack['state']}: {stack.get('transitioningMessage')}")
        stack = client.reload(stack)
    return stack


def failing(resources):
    """The ids of the resources whose last process failed."""
    return {resource["id"] for resource in resources if resource.get("transitioning") == "error"}


def wait_up(client, stack, deadline, failed_before=frozenset()):
    """The stack and its services once every service is up.

    Raises ApiError with every reason when something failed, or at the deadline (monotonic seconds). What is in
    `failed_before` (ids) gets a while to be cured: what was asked for, or a host that has joined, may be the cure.
    """
    cured_by = time.monotonic() + CURE
    while True:
        stack = client.reload(stack)
        services = services_of(client, stack)
        watched = [stack] + services
        # A stack repeats the reasons of its services, which say it better.
        patience = failed_before if time.monotonic() < cured_by else frozenset()
        failed = _failed(services, patience) or _failed([stack], patience)
        if failed:
            raise ApiError("; ".join(f"{called(each)}: {each.get('transitioningMessage')}" for each in failed))
        awaited = [each for each in watched if each.get("transitioning") == "yes"]
        awaited += [each for each in services if each["state"] not in UP and each not in awaited]
        awaited += _failed(watched, frozenset())
        if not awaited:
            return stack, services
        pause(deadline, "; ".join(f"{called(each)} is still {each['state']}" for each in awaited))


def _failed(resources, patience):
    failed = failing(resources) - patience
    return [resource for resource in resources if resource["id"] in failed]


def services_of(client, stack):
    """The live services of a stack."""
    return [each for each in client.list(stack["links"]["services"]) if not each.get("removed")]


def endpoints(services):
    """Where published ports of the services answer."""
    return [
        {"service": service["name"], "address": point.get("ipAddress"), "port": point.get("port")}
        for service in services
        for point in service.get("publicEndpoints") or []
    ]


def _text(fields):
    """Managed fields as text, one per section; variables without their values, which may be secrets."""
    if fields is None:
        return ""
    variables = "".join(f"# {key} is set\n" for key in sorted(fields["environment"]))
    return "\n".join(part for part in (fields["dockerCompose"], fields["rancherCompose"], variables) if part)
