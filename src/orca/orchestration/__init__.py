# SPDX-License-Identifier: Apache-2.0
"""Floor 3, orchestration: containers, placement, services, stacks, discovery."""

from orca.engine import Assembly
from orca.network import Delivery
from orca.orchestration.balancers import api as load_balancers
from orca.orchestration.balancers import reports as balancer_reports
from orca.orchestration.balancers import service as load_balancer_services
from orca.orchestration.balancers import stats as balancer_stats
from orca.orchestration.balancers.items import BalancerItems
from orca.orchestration.balancers.worker import Balancers
from orca.orchestration.containers import api as container_api
from orca.orchestration.containers import events as container_events
from orca.orchestration.containers import host_removal, lifecycle, observed, pulls
from orca.orchestration.containers import links as container_links
from orca.orchestration.containers.draining import Withdrawal
from orca.orchestration.discovery.worker import Discovery
from orca.orchestration.health import reports as health_reports
from orca.orchestration.health import verdicts
from orca.orchestration.health.checkers import Checkers
from orca.orchestration.health.deadlines import Deadlines
from orca.orchestration.health.items import CheckItems
from orca.orchestration.health.paths import Paths
from orca.orchestration.health.rollup import Health
from orca.orchestration.metadata import feed as metadata_feed
from orca.orchestration.metadata.feed import Feed
from orca.orchestration.metadata.items import MetadataItems
from orca.orchestration.news import Follower, Newsroom
from orca.orchestration.services import api as service_api
from orca.orchestration.services import converge, moves, moving, restart, upgrade
from orca.orchestration.services import links as service_links
from orca.orchestration.services.keeper import Keeper
from orca.orchestration.services.selected import Selection
from orca.orchestration.stacks import actions as stack_actions
from orca.orchestration.stacks import api as stack_api
from orca.orchestration.stacks import external_events
from orca.orchestration.stacks.waits import Waits


def install(assembly: Assembly) -> None:
    """Add the behaviour of containers, services and stacks; ``orca.network`` and ``orca.provision`` come before."""
    items = assembly.part(Delivery).items
    discovery, keeper, checked = Discovery(assembly.db, items), Keeper(assembly), CheckItems(assembly.db, items)
    checkers, balancers, movers = Checkers(assembly), Balancers(assembly), moving.Moving(assembly)
    health, selection = Health(assembly), Selection(assembly)
    balanced = BalancerItems(assembly, items)
    metadata, feed = MetadataItems(assembly.db, items), Feed(assembly)
    followers: list[Follower] = [discovery, balanced, metadata, keeper, checked, health, checkers, selection, balancers]
    newsroom = Newsroom(assembly.db, [*followers, feed, movers, Waits(assembly)])
    assembly.provide(Withdrawal(newsroom, [discovery, balanced]))
    assembly.provide(discovery)
    assembly.provide(metadata)
    assembly.provide(feed)
    assembly.provide(newsroom)
    for module in (
        container_api,
        lifecycle,
        container_links,
        observed,
        container_events,
        external_events,
        service_api,
        service_links,
        converge,
        stack_api,
        stack_actions,
        host_removal,
        pulls,
        health_reports,
        metadata_feed,
        upgrade,
        restart,
        moving,
        moves,
        load_balancer_services,
        load_balancers,
        balancer_reports,
        balancer_stats,
    ):
        assembly.add(module.behaviour)
    deadlines = Deadlines(assembly, verdicts.is_late)
    assembly.provide(deadlines)
    assembly.provide(Paths())
    assembly.provide(observed.Strays())
    assembly.background("news", newsroom.run)
    assembly.background("deadlines", deadlines.run)
    assembly.background("keeper", keeper.run)
    assembly.background("checkers", checkers.run)
    assembly.background("host names", balanced.host_names.run)
    assembly.background("dead hosts", movers.run)


__all__ = ["install"]
