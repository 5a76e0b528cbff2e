# SPDX-License-Identifier: Apache-2.0
"""What services ask of engines that older ones do not do: they run, and a plan warns. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orca.orchestration.compose.specs import ServiceSpec

START_INTERVAL_SINCE = 25
"""The first Docker that checks more often in the start period; its API is 1.44."""
NAMED = 5
"""Most hosts that a warning names."""


def asks(spec: ServiceSpec) -> bool:
    """True if a service asks for what only newer engines do."""
    return any((config.get("engineHealthCheck") or {}).get("startInterval") for config in _configs(spec))


def warnings(spec: ServiceSpec, engines: Mapping[str, str]) -> Iterator[str]:
    """What hosts with such versions of Docker, by the hosts' names, will not do for a service."""
    old = sorted(name for name, version in engines.items() if _major(version) < START_INTERVAL_SINCE)
    if not old or not asks(spec):
        return
    found = ", ".join(f"{name} has Docker {engines[name]}" for name in old[:NAMED])
    more = f" and {len(old) - NAMED} more are older" if len(old) > NAMED else ""
    needs = f"healthcheck: start_interval needs Docker {START_INTERVAL_SINCE} (API 1.44)"
    yield f"service {spec.name}: {needs}: {found}{more}; there the interval counts from the start"


def _major(version: str) -> int:
    """The first number of a version; one that says none is new enough."""
    found = re.match(r"\d+", version)
    return START_INTERVAL_SINCE if found is None else int(found[0])


def _configs(spec: ServiceSpec) -> list[dict[str, Any]]:
    return [spec.fields.get("launchConfig") or {}, *(spec.fields.get("secondaryLaunchConfigs") or [])]
