# SPDX-License-Identifier: Apache-2.0
"""Labels of compose services that have a meaning for the platform; others of its families are refused by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from orca.orchestration.compose.errors import Wrong
from orca.orchestration.compose.values import Pair
from orca.orchestration.placement import constraints
from orca.orchestration.syntax.labels import (
    BALANCER_PROXY_PORTS,
    BALANCER_TARGET,
    BALANCER_TLS_PORTS,
    DNS,
    FAMILIES,
    GLOBAL,
    HEALTHCHECK_STRATEGIES,
    HEALTHCHECK_STRATEGY,
    HOSTNAME,
    NETWORK,
    OPTIONS,
    REQUESTED_IP,
    SELECTOR_CONTAINER,
    SELECTOR_LINK,
    SIDEKICKS,
    START_ONCE,
)
from orca.resources.limits import MOST_ITEMS
from orca.storage.volumes import CLEANUP_LABEL

SELECTORS = {SELECTOR_LINK: "selectorLink", SELECTOR_CONTAINER: "selectorContainer"}
"""Label -> field of the service."""

_HONOURED = {
    GLOBAL,
    START_ONCE,
    CLEANUP_LABEL,
    HOSTNAME,
    BALANCER_TLS_PORTS,
    BALANCER_PROXY_PORTS,
    REQUESTED_IP,
    *OPTIONS,
}
_ANYWAY = {NETWORK: "true", DNS: "true"}
"""Labels without effect: the platform always does what they request."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of a section: those that stay labels, and the settings that others hold."""

    kept: dict[str, str] = field(default_factory=dict)
    sidekicks: tuple[str, ...] = ()
    selectors: dict[str, str] = field(default_factory=dict)
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    strategy: str = ""
    """What becomes of a container that the engine's own check finds unhealthy; empty: it is not said."""


def read(labels: Iterable[Pair]) -> Labels:
    """Sort the labels of a service. A name alone has an empty value.

    Raises:
        Wrong: a label of the platform's families that would have no effect.
    """
    found = Labels()
    sidekicks: tuple[str, ...] = ()
    strategy = ""
    for label in labels:
        name, value = label.name, label.value or ""
        if name in SIDEKICKS:
            sidekicks += _parts(label)
        elif name == HEALTHCHECK_STRATEGY:
            strategy = _strategy(label)
        elif name in SELECTORS:
            found.selectors[SELECTORS[name]] = value
        elif name.startswith(BALANCER_TARGET):
            found.targets[name.removeprefix(BALANCER_TARGET)] = _parts(label)
        elif not _known(name, value):
            raise Wrong(label.place, f"{name!r} is not supported: leave it out")
        else:
            found.kept[name] = value
    return Labels(found.kept, sidekicks, found.selectors, found.targets, strategy)


def write(labels: Labels) -> dict[str, str]:
    """The labels that express these settings."""
    return {
        **labels.kept,
        **({SIDEKICKS[0]: ",".join(labels.sidekicks)} if labels.sidekicks else {}),
        **{name: labels.selectors[field] for name, field in SELECTORS.items() if field in labels.selectors},
        **{f"{BALANCER_TARGET}{target}": ",".join(rules) for target, rules in labels.targets.items()},
        **({HEALTHCHECK_STRATEGY: labels.strategy} if labels.strategy else {}),
    }


def _known(name: str, value: str) -> bool:
    if not name.startswith(FAMILIES):
        return True
    return name in _HONOURED or constraints.is_constraint(name) or _ANYWAY.get(name) == value.lower()


def _strategy(label: Pair) -> str:
    word = label.value or ""
    if word not in HEALTHCHECK_STRATEGIES:
        raise Wrong(label.place, f"{label.name}: {word[:80]!r} is none of {', '.join(HEALTHCHECK_STRATEGIES)}")
    return word


def _parts(label: Pair) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in (label.value or "").split(",") if part.strip())
    if len(parts) > MOST_ITEMS:
        raise Wrong(label.place, f"{label.name}: a list has at most {MOST_ITEMS} entries: give fewer")
    return parts
