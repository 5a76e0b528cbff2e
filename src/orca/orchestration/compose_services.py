# SPDX-License-Identifier: Apache-2.0
"""From the sections of compose files to services: which kind, which sidekicks, which links.

A section is one container's worth of text. Its image says the kind of service, a label which other sections are its
sidekicks. What comes out has passed the checks of a `POST` of the same service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from orca.orchestration import compose_keys, load_balancer_ports
from orca.orchestration.compose_keys import KINDS
from orca.orchestration.compose_section import LinkSpec, Section
from orca.orchestration.service_checks import CONTAINERLESS, check_fields, check_launch_configs
from orca.resources.errors import Refused
from orca.resources.validation import Validator
from orca.resources.views import view


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service as the file wants it; `fields` are those of its kind in the API.

    `certificates`: fields that name other resources, by their names. `strategy`: how an upgrade goes about it.
    """

    name: str
    kind: str
    fields: dict[str, Any]
    links: tuple[LinkSpec, ...] = ()
    certificates: dict[str, Any] = field(default_factory=dict)
    strategy: dict[str, Any] = field(default_factory=dict)


def combine(sections: Mapping[str, Section]) -> Iterator[ServiceSpec]:
    """The services that the sections make together.

    Raises:
        ComposeError: an unknown key, a sidekick that cannot be one, a link to nothing, what a `POST` would be refused
            for. The message names service and key.
    """
    owners = _owners(sections)
    for section in sections.values():
        for link in section.links:
            if link.stack is None and link.service not in sections:
                raise section.wrong("links", f"there is no service {link.service!r} in this file")
            if link.stack is None and link.service in owners:
                raise section.wrong("links", f"{link.service!r} is a sidekick of {owners[link.service]!r}")
        if section.name not in owners:
            yield _service(section, [sections[name] for name in section.labels.sidekicks])


def _owners(sections: Mapping[str, Section]) -> dict[str, str]:
    """Whose sidekick a section is."""
    owners: dict[str, str] = {}
    for section in sections.values():
        for name in section.labels.sidekicks:
            if name not in sections or name == section.name:
                raise section.wrong("labels", f"there is no other service {name!r} in this file to be a sidekick")
            if name in owners:
                raise section.wrong("labels", f"{name!r} is a sidekick of {owners[name]!r} already")
            owners[name] = section.name
    for name, owner in owners.items():
        sections[name].check_sidekick(owner)
    return owners


def _service(section: Section, sidekicks: list[Section]) -> ServiceSpec:
    kind = KINDS[section.kind]
    unit = {section.name, *(sidekick.name for sidekick in sidekicks)}
    fields = section.given(kind.service) | section.labels.selectors
    if launch := section.launch_config(unit):
        fields["launchConfig"] = launch
    if sidekicks:
        fields["secondaryLaunchConfigs"] = [{"name": each.name, **each.launch_config(unit)} for each in sidekicks]
    strategy = section.given(kind.strategy).get("", {})
    try:
        _check(section, fields, strategy)
    except Refused as error:
        raise section.wrong(error.field, error.message) from error
    return ServiceSpec(section.name, section.kind, fields, section.links, section.given(kind.certificates), strategy)


def _check(section: Section, fields: dict[str, Any], strategy: dict[str, Any]) -> None:
    """What a `POST` of the service would be refused for, apart from what depends on what there is already.

    Raises:
        Refused: see above.
    """
    types = compose_keys.declared()
    validator = Validator(view("owner", "v2"), strict=True)
    validator.create(types[section.kind], {"environmentId": 1, "name": section.name, **fields})
    validator.create(types["inServiceUpgradeStrategy"], strategy, part=True)
    check_fields(fields, kind=section.kind)
    if section.kind not in CONTAINERLESS:
        sidekicks = fields.get("secondaryLaunchConfigs") or []
        check_launch_configs(
            section.name, fields.get("launchConfig"), sidekicks, selector=fields.get("selectorContainer")
        )
    if section.kind == "loadBalancerService":
        load_balancer_ports.listeners(fields["launchConfig"])
