# SPDX-License-Identifier: Apache-2.0
"""From the sections of compose files to services: which type, which sidekicks, which links.

A section is the text of one container. Its image marks the type of service, a label names its sidekicks. The result has
passed the checks of a ``POST`` of the same service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orca.orchestration.balancers import policies
from orca.orchestration.compose import keys as compose_keys
from orca.orchestration.compose.keys import SERVICE_KEYS
from orca.orchestration.compose.section import LinkSpec, Section
from orca.orchestration.services.checks import CONTAINERLESS, check_fields, check_launch_configs
from orca.orchestration.syntax import rules as load_balancer_ports
from orca.orchestration.syntax.labels import BALANCER_TARGET
from orca.resources.errors import Refused
from orca.resources.limits import PORTS_OF_REQUEST
from orca.resources.validation import Validator
from orca.resources.views import view


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service as the file describes it; ``fields`` are those of its type in the API.

    ``certificates``: fields with names of other resources. ``strategy``: how to upgrade it.
    """

    name: str
    type: str
    fields: dict[str, Any]
    links: tuple[LinkSpec, ...] = ()
    certificates: dict[str, Any] = field(default_factory=dict)
    strategy: dict[str, Any] = field(default_factory=dict)


def combine(sections: Mapping[str, Section]) -> Iterator[ServiceSpec]:
    """Combine the sections into services. Errors go to their findings: an unknown key, an impossible sidekick, a link
    to nothing, a refusal of a ``POST``.
    """
    owners = _owners(sections)
    ports = 0
    for section in sections.values():
        for link in section.links:
            if link.stack is None and link.service not in sections:
                section.refuse("links", f"there is no service {link.service!r} in this file")
            if link.stack is None and link.service in owners:
                section.refuse("links", f"{link.service!r} is a sidekick of {owners[link.service]!r}")
        if section.name in owners:
            continue
        fields = _fields(section, [sections[name] for name in section.labels.sidekicks if name in sections])
        ports += sum(len(config.get("ports") or []) for config in _configs(fields))
        if ports > PORTS_OF_REQUEST:
            section.refuse("ports", f"a stack has at most {PORTS_OF_REQUEST} ports: make it several stacks")
            return
        yield _service(section, fields)


def _owners(sections: Mapping[str, Section]) -> dict[str, str]:
    """The owner of each sidekick."""
    owners: dict[str, str] = {}
    for section in sections.values():
        for name in section.labels.sidekicks:
            if name not in sections or name == section.name:
                section.refuse("labels", f"there is no other service {name!r} in this file to be a sidekick")
                break
            if name in owners:
                section.refuse("labels", f"{name!r} is a sidekick of {owners[name]!r} already")
                break
            owners[name] = section.name
    for name, owner in owners.items():
        sections[name].check_sidekick(owner)
    return owners


def _fields(section: Section, sidekicks: list[Section]) -> dict[str, Any]:
    """The fields of a service and its containers."""
    unit = {section.name, *(sidekick.name for sidekick in sidekicks)}
    fields = section.given(SERVICE_KEYS[section.type].service) | section.labels.selectors
    if launch := section.launch_config(unit):
        fields["launchConfig"] = launch
    if sidekicks:
        fields["secondaryLaunchConfigs"] = [{"name": each.name, **each.launch_config(unit)} for each in sidekicks]
    return fields


def _configs(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [fields.get("launchConfig") or {}, *fields.get("secondaryLaunchConfigs", [])]


def _service(section: Section, fields: dict[str, Any]) -> ServiceSpec:
    keys = SERVICE_KEYS[section.type]
    strategy = section.given(keys.strategy).get("", {})
    # Checks of an incomplete service would only repeat known errors.
    if not any(map(section.findings.blames, (section.name, *section.labels.sidekicks))):
        try:
            fields, strategy = _checked(section, fields, strategy)
        except Refused as error:
            section.refuse(error.field, error.message)
    certificates = section.given(keys.certificates)
    if section.type == "loadBalancerService" and not section.findings.blames(section.name):
        _check_balancer(section, fields["launchConfig"], certified=any(certificates.values()))
    return ServiceSpec(section.name, section.type, fields, section.links, certificates, strategy)


def _check_balancer(section: Section, launch: dict[str, Any], *, certified: bool) -> None:
    """Refuse a balancer that could not do what its text says."""
    heard = {each["privatePort"] for each in load_balancer_ports.listeners(launch)}
    for link in section.links:
        for port in sorted(load_balancer_ports.asked(link.rules) - heard):
            message = f"{BALANCER_TARGET}{link.target}: nobody listens at port {port}; add it to ports, or name another"
            section.refuse("labels", message)
    if load_balancer_ports.ends_tls(launch) and not certified:
        section.refuse("default_cert", load_balancer_ports.NO_CERTIFICATE)


def _checked(
    section: Section, fields: dict[str, Any], strategy: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields as a ``POST`` of the service would store them: numbers given as text become numbers.

    Raises:
        Refused: as for a ``POST``, but for checks against existing rows.
    """
    types = compose_keys.declared()
    validator = Validator(view("owner", "v2"), strict=True)
    kept = validator.create(types[section.type], {"environmentId": 1, "name": section.name, **fields})
    fields = {name: kept[name] for name in fields}
    kept = validator.create(types["inServiceUpgradeStrategy"], strategy, part=True)
    strategy = {name: kept[name] for name in strategy}
    check_fields(fields, type=section.type)
    if section.type == "loadBalancerService":
        load_balancer_ports.listeners(fields["launchConfig"])
        policies.check(fields.get("loadBalancerConfig"))
    if section.type not in CONTAINERLESS:
        sidekicks = fields.get("secondaryLaunchConfigs") or []
        check_launch_configs(
            section.name,
            fields.get("launchConfig"),
            sidekicks,
            type=section.type,
            selector=fields.get("selectorContainer"),
        )
    return fields, strategy
