# SPDX-License-Identifier: Apache-2.0
"""Floor 3, provision: projects, registration, agents, hosts."""

from orca.engine import Assembly
from orca.engine.tasks import Task
from orca.provision.audit import entries
from orca.provision.certificates import api as certificate_api
from orca.provision.handlers import definitions
from orca.provision.handlers import external as external_handlers
from orca.provision.hosts import agents, clusters, doubts, labels, lifecycle, machines, registration
from orca.provision.people import accounts, directory, local_auth, logins, preferences
from orca.provision.people.passwords import Passwords
from orca.provision.projects import api as project_api
from orca.provision.projects import member_lifecycle, members, removal
from orca.provision.settings import api as setting_hooks
from orca.provision.settings import values as setting_values


def install(assembly: Assembly) -> None:
    """Add the behaviour of projects, tokens, agents and hosts. ``orca.network`` is installed before."""
    assembly.provide(agents.Greeted())
    watch = doubts.Doubts(assembly)
    assembly.provide(watch)
    assembly.provide(Passwords())
    assembly.at_first_start(setting_values.declare)
    project_api.install(assembly)
    registration.install(assembly)
    external_handlers.install(assembly)
    for part in (
        accounts,
        entries,
        definitions,
        directory,
        local_auth,
        logins,
        members,
        member_lifecycle,
        preferences,
        removal,
        setting_hooks,
    ):
        assembly.add(part.behaviour)
    assembly.add(agents.behaviour)
    assembly.add(doubts.behaviour)
    assembly.add(lifecycle.behaviour)
    assembly.add(certificate_api.behaviour)
    assembly.add(clusters.behaviour)
    assembly.add(labels.behaviour)
    assembly.add(machines.behaviour)
    assembly.schedule.add(Task(name="agent.ping", run=agents.ping_everybody))
    assembly.background("hosts follow settings", lambda: lifecycle.watch_settings(assembly))
    assembly.background("hosts in doubt", watch.run)
    assembly.background("agents reconnect", lambda: agents.await_everybody(assembly))


__all__ = ["install"]
