# SPDX-License-Identifier: Apache-2.0
"""Write services as compose text, which ``files.parse`` reads as the same services (the flat form of 2015)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orca.orchestration.compose import keys as compose_keys
from orca.orchestration.compose import labels as compose_labels
from orca.orchestration.compose.keys import SERVICE_KEYS
from orca.orchestration.compose.labels import SELECTORS, Labels
from orca.orchestration.compose.section import LinkSpec
from orca.orchestration.compose.specs import ServiceSpec
from orca.orchestration.placement import retained
from orca.orchestration.syntax.labels import REQUESTED_IP

_ELSEWHERE = {
    "labels",
    "name",
    "networkLaunchConfig",
    "launchConfig",
    "secondaryLaunchConfigs",
    retained.FIELD,
    *SELECTORS.values(),
}
"""Fields without a key of their own that are written in another way."""


def export(services: Iterable[ServiceSpec]) -> tuple[str, str]:
    """Return the docker-compose and the rancher-compose text of ``services``. Comments name fields without a key."""
    docker: dict[str, Any] = {}
    rancher: dict[str, Any] = {}
    notes: list[str] = []
    for service in services:
        for name, config, labels in _sections(service):
            docker[name], health = _body(service.type, config, labels)
            rancher[name] = health
            notes += _notes(name, config, {**SERVICE_KEYS[service.type].launch, **SERVICE_KEYS[service.type].health})
        keys = SERVICE_KEYS[service.type]
        own = [_link(link) for link in service.links if link.stack is None]
        other = [_link(link) for link in service.links if link.stack is not None]
        docker[service.name] |= ({"links": own} if own else {}) | ({"external_links": other} if other else {})
        rancher[service.name] |= (
            compose_keys.write(service.fields, keys.service)
            | compose_keys.write(service.certificates, keys.certificates)
            | compose_keys.write({"": service.strategy or None}, keys.strategy)
        )
        notes += _notes(service.name, service.fields, keys.service)
    return _dump(docker, notes), _dump({name: extra for name, extra in rancher.items() if extra}, [])


def _sections(service: ServiceSpec) -> Iterable[tuple[str, Mapping[str, Any], Labels]]:
    """Each launch config of a service, with the name of its section and the labels to add."""
    sidekicks = service.fields.get("secondaryLaunchConfigs") or []
    config = service.fields.get("launchConfig") or {}
    labels = Labels(
        _labels(config),
        tuple(sidekick["name"] for sidekick in sidekicks),
        {field: service.fields[field] for field in SELECTORS.values() if service.fields.get(field) is not None},
        {link.target: link.rules for link in service.links if link.rules},
        _strategy(config),
    )
    yield service.name, config, labels
    for sidekick in sidekicks:
        yield sidekick["name"], sidekick, Labels(_labels(sidekick), strategy=_strategy(sidekick))


def _strategy(config: Mapping[str, Any]) -> str:
    return (config.get("engineHealthCheck") or {}).get("strategy") or ""


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    address = config.get(retained.FIELD)
    return {**(config.get("labels") or {}), **({REQUESTED_IP: address} if address else {})}


def _body(type: str, config: Mapping[str, Any], labels: Labels) -> tuple[dict[str, Any], dict[str, Any]]:
    """The keys of a container in the two files."""
    if config.get("networkLaunchConfig"):
        config = {**config, "networkMode": f"container:{config['networkLaunchConfig']}"}
    said = compose_labels.write(labels)
    body = {} if "image" in SERVICE_KEYS[type].launch else {"image": SERVICE_KEYS[type].image}
    body |= compose_keys.write(config, SERVICE_KEYS[type].launch)
    return body | ({"labels": said} if said else {}), compose_keys.write(config, SERVICE_KEYS[type].health)


def _notes(name: str, fields: Mapping[str, Any], keys: Mapping[str, compose_keys.Key]) -> list[str]:
    left = {field for field, value in fields.items() if value is not None} - _ELSEWHERE
    return [f"{name}: compose files have no key for {field}" for field in compose_keys.unsaid(left, keys)]


def _link(link: LinkSpec) -> str:
    return link.target if link.alias == link.service else f"{link.target}:{link.alias}"


def _escape(value: Any) -> Any:
    """Escape a dollar sign, so that it does not begin a variable."""
    if isinstance(value, dict):
        return {key: _escape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escape(inner) for inner in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _dump(document: dict[str, Any], notes: list[str]) -> str:
    # Imported here: the server starts without it.
    import yaml

    text: str = yaml.safe_dump(_escape(document), sort_keys=False, allow_unicode=True) if document else ""
    return "".join(f"# {note}\n" for note in notes) + text
