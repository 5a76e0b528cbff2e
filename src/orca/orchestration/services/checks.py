# SPDX-License-Identifier: Apache-2.0
"""The checks of a new or changed service: its name, its launch configs, their references to each other."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from ipaddress import ip_address
from typing import Any

import sqlalchemy as sa

from orca.hoststate.plan.dns import is_host_name
from orca.orchestration.containers.api import check_launch, unreachable
from orca.orchestration.health.reach import UNREACHED
from orca.orchestration.placement.joined import CONTAINER
from orca.orchestration.syntax import rules, selectors
from orca.orchestration.syntax.names import PRIMARY, BadName, check_service_name
from orca.orchestration.units import units
from orca.resources import rows
from orca.resources.errors import Refused
from orca.storage.references import is_nothing
from orca.store import ReadTx

CONTAINERLESS = frozenset({"dnsService", "externalService"})
"""Kinds that have no containers of their own."""


def check_name(tx: ReadTx, stack_id: int, name: str, *, but: int | None = None) -> None:
    """Refuse a name that is no DNS label, or that another service or sidekick of the stack has.

    Raises:
        Refused: see above. ``but`` is a service that does not count: the one that is renamed.
    """
    try:
        check_service_name(name)
    except BadName as error:
        raise Refused("InvalidCharacters", str(error), field="name") from error
    columns = tx.table(rows.Service).c
    # Sidekicks are in the JSON of their services; other services with another name need not be read.
    may_have = (sa.func.lower(columns.name) == name.lower()) | columns.data.like('%"secondaryLaunchConfigs"%')
    for other in tx.rows(rows.Service, tx.query(rows.Service, environmentId=stack_id).where(may_have)):
        names = [other.name, *(config["name"] for config in other.secondaryLaunchConfigs or [])]
        if other.id != but and name.casefold() in {str(taken).casefold() for taken in names}:
            raise Refused("NotUnique", f"name {name} is already in use in this stack", field="name")


def check_launch_configs(
    name: str,
    primary: dict[str, Any] | None,
    sidekicks: list[dict[str, Any]],
    *,
    type: str,
    selector: str | None = None,
) -> None:
    """Refuse launch configs that cannot run, have the same name, or depend on each other in a circle.

    The ports of a balancer are listeners, which are checked before.

    Raises:
        Refused: see above; also no containers of its own without a selector for others.
    """
    if type == "loadBalancerService" and primary:
        primary = {**primary, "ports": rules.published(primary)}
    image = (primary or {}).get("imageUuid")
    if image and is_nothing(image):
        if not selector:
            message = "a service without containers of its own needs a selector for others"
            raise Refused("InvalidOption", message, field="selectorContainer")
    else:
        _check_one(primary or {})
    seen = {name.casefold()}
    for config in sidekicks:
        try:
            check_service_name(str(config["name"]))
        except BadName as error:
            raise Refused("InvalidCharacters", str(error), field="name") from error
        if config["name"].casefold() in seen:
            raise Refused("NotUnique", f"two launch configs are called {config['name']}", field="name")
        seen.add(config["name"].casefold())
        if not config.get("imageUuid") or not is_nothing(config["imageUuid"]):
            _check_one(config)
    configs = {PRIMARY: primary or {}, **{config["name"]: config for config in sidekicks}}
    _check_needs(name, configs)
    _check_reach(name, configs)


def check_fields(fields: dict[str, Any], *, type: str) -> None:
    """Refuse contradictions in the fields that all services have.

    Raises:
        Refused: limits of a scale policy, a malformed selector, both or no valid addresses of an external service.
    """
    policy = fields.get("scalePolicy")
    if policy and (policy.get("max") or 1) < (policy.get("min") or 1):
        raise Refused("MaxLimitExceeded", "scalePolicy: max is less than min", field="max")
    for field in ("selectorLink", "selectorContainer"):
        try:
            selectors.parse(fields.get(field) or "")
        except selectors.BadSelector as error:
            raise Refused("InvalidFormat", str(error), field=field) from error
    if type == "externalService":
        _check_external(fields)


def _check_one(config: dict[str, Any]) -> None:
    if config.get("networkMode") == CONTAINER and not config.get("networkLaunchConfig"):
        message = "a launch config shares the network of another one, which networkLaunchConfig names"
        raise Refused("InvalidOption", message, field="networkMode")
    check_launch(config)


def _check_needs(service_name: str, configs: units.Configs) -> None:
    needs = {part: units.needs_of(service_name, config) for part, config in configs.items()}
    for names in needs.values():
        for name in names:
            if name not in configs:
                raise Refused("InvalidReference", f"there is no launch config {name}", field="launchConfig")
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        name, part, *_ = error.args[1]
        message = f"launch config {part or service_name} needs itself through {name or service_name}"
        raise Refused("InvalidReference", message, field="launchConfig") from error


def _check_reach(service_name: str, configs: units.Configs) -> None:
    """Refuse a check through the network of a container that shares one's that no checker reaches."""
    for config in configs.values():
        owner = config
        while owner.get("networkLaunchConfig"):
            owner = configs[units.part_called(service_name, owner["networkLaunchConfig"])]
        if config.get("healthCheck") and owner.get("networkMode") in UNREACHED:
            raise unreachable()


def _check_external(fields: dict[str, Any]) -> None:
    addresses, hostname = fields.get("externalIpAddresses"), fields.get("hostname")
    if addresses and hostname:
        raise Refused("InvalidOption", "either externalIpAddresses or hostname, not both", field="externalIpAddresses")
    for address in addresses or []:
        try:
            ip_address(address)
        except ValueError as error:
            raise Refused("InvalidOption", f"{address} is not an address", field="externalIpAddresses") from error
    if hostname and (not is_host_name(hostname) or hostname.rpartition(".")[2].isdecimal()):
        raise Refused("InvalidOption", f"{hostname!r} is not a host name", field="hostname")
