# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to this collection: no stable interface for others.
"""Make a stack match its compose files: the server plans and applies; this module asks it, and waits.

The files are sent as they are. The server says which variables they name; only those are sent.
"""

from __future__ import annotations

from ansible_collections.orca.platform.plugins.module_utils._api import (
    ApiError,
    NoAnswer,
    called,
    pause,
    spelled,
)

COMPOSE, SCALES = "docker-compose.yml", "rancher-compose.yml"
UP = ("active", "inactive")  # an inactive service is one that is not to start
ROUNDS = 10  # how often the server may ask for more, or others may change the stack while it is being planned


class Wanted:
    """A stack as its texts want it. ``environment`` holds values that the server may ask for."""

    def __init__(self, name, compose, rancher_compose, environment):
        self.name = name
        self.files = {COMPOSE: compose}
        if rancher_compose:
            self.files[SCALES] = rancher_compose
        self._values = {str(key): spelled(value) for key, value in (environment or {}).items()}
        self._variables = {}

    def plan(self, client):
        """What the server would do: a document with ``changed``, ``lines``, ``warnings`` and ``hash``.

        Raises ApiError with everything that it refuses.
        """
        for _dummy in range(ROUNDS):
            found = self._ask(client, "plan")
            needs = found.get("needs") or {}
            if not needs:
                return found
            if set(needs) != {"variables"} or not set(needs["variables"]) - set(self._variables):
                raise ApiError(f"the server needs {', '.join(needs)}, which this module cannot give: update it")
            self._variables.update((name, self._values.get(name)) for name in needs["variables"])
        raise ApiError("the server keeps asking for variables")

    def apply(self, client, plan):
        """Have the server carry out a plan, or the newer one that replaced it; return that plan and the stack.

        If an answer is lost after the server changed the stack, the next plan finds nothing to do. The plan whose
        answer was lost is returned then.
        """
        lost = None
        for _dummy in range(ROUNDS):
            try:
                stack = self._ask(client, "apply", hash=plan["hash"])
                return (plan if lost is None or plan["changed"] else lost), stack
            except NoAnswer:
                if client.deadline is None:
                    raise
                lost = plan
            except ApiError as exc:
                if exc.code != "PlanChanged":
                    raise
            plan = self.plan(client)
        raise ApiError(f"others keep changing stack {self.name}")

    def _ask(self, client, action, **more):
        body = {"name": self.name, "files": self.files, "variables": self._variables, **more}
        return client.act_on_all("environments", action, body, again=action == "plan")


def diff(name, lines):
    """The form that Ansible's diff mode shows: the plan, a line each."""
    return {"prepared": "".join(f"{line}\n" for line in ([f"stack {name}", *lines] if lines else []))}


def wait_up(client, stack, deadline):
    """The stack and its services once every service is as its file wants it.

    Raises ApiError with every reason when something failed, or at the deadline (monotonic seconds). While the stack is
    in transition, an earlier failure may still be mended.
    """
    while True:
        stack = client.reload(stack)
        services = services_of(client, stack)
        # A stack only repeats the reasons of its services.
        failed = [] if stack.get("transitioning") == "yes" else _failed(services) or _failed([stack])
        if failed:
            raise ApiError("; ".join(f"{called(each)}: {each.get('transitioningMessage')}" for each in failed))
        awaited = [each for each in [stack, *services] if each.get("transitioning") == "yes"]
        awaited += [each for each in services if each["state"] not in UP and each not in awaited]
        awaited += _failed(services)
        if not awaited:
            return stack, services
        pause(deadline, "; ".join(f"{called(each)} is still {each['state']}" for each in awaited))


def _failed(resources):
    return [resource for resource in resources if resource.get("transitioning") == "error"]


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
