# SPDX-License-Identifier: Apache-2.0
"""Labels of compose services that say something to the platform; others of its families are refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orca.orchestration import affinity, launch, load_balancer_ports, retained, units
from orca.orchestration.compose_values import ComposeError
from orca.storage.volumes import CLEANUP_LABEL

SIDEKICKS = ("io.rancher.sidekicks", "io.orca.sidekicks")
SELECTORS = {
    "io.rancher.service.selector.link": "selectorLink",
    "io.rancher.service.selector.container": "selectorContainer",
}
"""Label -> field of the service."""
TARGET = "io.rancher.loadbalancer.target."
"""Begins the label that says which requests a target of a balancer gets; the target's name follows."""

_FAMILIES = ("io.rancher.", "io.orca.")
_HONOURED = {
    affinity.GLOBAL_LABEL,
    units.ONCE_LABEL,
    CLEANUP_LABEL,
    launch.HOSTNAME_LABEL,
    load_balancer_ports.SSL_LABEL,
    retained.LABEL,
}
_ANYWAY = {"io.rancher.container.network": "true", "io.rancher.container.dns": "true"}
"""What they ask for happens without them."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a section, sorted: those that stay labels, and what the others say."""

    kept: dict[str, str] = field(default_factory=dict)
    sidekicks: tuple[str, ...] = ()
    selectors: dict[str, str] = field(default_factory=dict)
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)


def read(service: str, labels: Mapping[str, str]) -> Labels:
    """Sort the labels of `service`.

    Raises:
        ComposeError: a label of the platform's families that would have no effect.
    """
    found = Labels()
    sidekicks: tuple[str, ...] = ()
    for name, value in labels.items():
        if name in SIDEKICKS:
            sidekicks += _parts(value)
        elif name in SELECTORS:
            found.selectors[SELECTORS[name]] = value
        elif name.startswith(TARGET):
            found.targets[name.removeprefix(TARGET)] = _parts(value)
        elif not _known(name, value):
            raise ComposeError(f"service {service!r}: labels: {name!r} is not supported")
        else:
            found.kept[name] = value
    return Labels(found.kept, sidekicks, found.selectors, found.targets)


def write(labels: Labels) -> dict[str, str]:
    """The labels that say it all again."""
    return {
        **labels.kept,
        **({SIDEKICKS[0]: ",".join(labels.sidekicks)} if labels.sidekicks else {}),
        **{name: labels.selectors[field] for name, field in SELECTORS.items() if field in labels.selectors},
        **{f"{TARGET}{target}": ",".join(rules) for target, rules in labels.targets.items()},
    }


def _known(name: str, value: str) -> bool:
    if not name.startswith(_FAMILIES):
        return True
    return name in _HONOURED or affinity.is_constraint(name) or _ANYWAY.get(name) == value.lower()


def _parts(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
