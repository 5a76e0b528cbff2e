# SPDX-License-Identifier: Apache-2.0
"""Floor 3, provision: projects, registration, agents, hosts."""

from orca.engine import Services
from orca.engine.tasks import Task
from orca.provision import (
    accounts,
    agents,
    audit,
    certificates,
    clusters,
    definitions,
    directory,
    external_handlers,
    hosts,
    labels,
    local_auth,
    logins,
    machines,
    members,
    memberships,
    preferences,
    project_removal,
    projects,
    registration,
    setting_hooks,
    settings,
)
from orca.provision.passwords import Passwords


def install(services: Services) -> None:
    """Add the behaviour of projects, tokens, agents and hosts. `orca.network` is installed before."""
    services.provide(agents.Greeted())
    services.provide(Passwords())
    services.at_first_start(settings.declare)
    projects.install(services)
    registration.install(services)
    external_handlers.install(services)
    for part in (
        accounts,
        audit,
        definitions,
        directory,
        local_auth,
        logins,
        members,
        memberships,
        preferences,
        project_removal,
        setting_hooks,
    ):
        services.add(part.behaviour)
    services.add(agents.behaviour)
    services.add(hosts.behaviour)
    services.add(certificates.behaviour)
    services.add(clusters.behaviour)
    services.add(labels.behaviour)
    services.add(machines.behaviour)
    services.schedule.add(Task(name="agent.ping", run=agents.ping_everybody))
    services.background("hosts follow settings", lambda: hosts.follow_settings(services))
    services.background("agents reconnect", lambda: agents.await_everybody(services))


__all__ = ["install"]
