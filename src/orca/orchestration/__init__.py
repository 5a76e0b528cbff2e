# SPDX-License-Identifier: Apache-2.0
"""Floor 3, orchestration: containers, placement, services, stacks, discovery."""

from orca.engine import Services
from orca.network import Delivery
from orca.orchestration import (
    container_events,
    containers,
    convergence,
    external_events,
    health,
    host_removal,
    image_pulls,
    lifecycle,
    load_balancer_services,
    load_balancers,
    observed,
    restarts,
    service_links,
    services,
    stack_actions,
    stacks,
    upgrade,
)
from orca.orchestration.discovery import Discovery
from orca.orchestration.keeper import Keeper
from orca.orchestration.news import Newsroom
from orca.orchestration.selection import Selection
from orca.orchestration.stack_waits import Waits


def install(app: Services) -> None:
    """Add the behaviour of containers, services and stacks; `orca.network` and `orca.provision` come before."""
    discovery, keeper = Discovery(app.db, app.part(Delivery).items), Keeper(app)
    newsroom = Newsroom(app.db, [discovery, keeper, health.Health(app), Selection(app), Waits(app)])
    app.provide(discovery)
    app.provide(newsroom)
    for module in (
        containers,
        lifecycle,
        observed,
        container_events,
        external_events,
        services,
        service_links,
        convergence,
        stacks,
        stack_actions,
        host_removal,
        image_pulls,
        health,
        upgrade,
        restarts,
        load_balancer_services,
        load_balancers,
    ):
        app.add(module.behaviour)
    deadlines = health.Deadlines(app)
    app.provide(deadlines)
    app.provide(observed.Strays())
    app.background("news", newsroom.run)
    app.background("deadlines", deadlines.run)
    app.background("keeper", keeper.run)


__all__ = ["install"]
