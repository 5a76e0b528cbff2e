# SPDX-License-Identifier: Apache-2.0
"""Floor 3, provision: projects, registration, agents, hosts."""

from orca.engine import Services
from orca.engine.tasks import Task
from orca.provision.audit import entries
from orca.provision.certificates import api as certificate_api
from orca.provision.handlers import definitions
from orca.provision.handlers import external as external_handlers
from orca.provision.hosts import agents, clusters, labels, lifecycle, machines, registration
from orca.provision.people import accounts, directory, local_auth, logins, preferences
from orca.provision.people.passwords import Passwords
from orca.provision.projects import api as project_api
from orca.provision.projects import members, memberships, removal
from orca.provision.settings import api as setting_hooks
from orca.provision.settings import values as setting_values


def install(services: Services) -> None:
    """Add the behaviour of projects, tokens, agents and hosts. `orca.network` is installed before."""
    services.provide(agents.Greeted())
    services.provide(Passwords())
    services.at_first_start(setting_values.declare)
    project_api.install(services)
    registration.install(services)
    external_handlers.install(services)
    for part in (
        accounts,
        entries,
        definitions,
        directory,
        local_auth,
        logins,
        members,
        memberships,
        preferences,
        removal,
        setting_hooks,
    ):
        services.add(part.behaviour)
    services.add(agents.behaviour)
    services.add(lifecycle.behaviour)
    services.add(certificate_api.behaviour)
    services.add(clusters.behaviour)
    services.add(labels.behaviour)
    services.add(machines.behaviour)
    services.schedule.add(Task(name="agent.ping", run=agents.ping_everybody))
    services.background("hosts follow settings", lambda: lifecycle.follow_settings(services))
    services.background("agents reconnect", lambda: agents.await_everybody(services))


__all__ = ["install"]
