# SPDX-License-Identifier: Apache-2.0
"""Services back to compose text: what `compose.parse` reads again as the same services (the flat form of 2015)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from orca.orchestration.compose import LinkSpec, ServiceSpec
from orca.storage.references import image_reference

_KEYS = {
    "command": "command",
    "entryPoint": "entrypoint",
    "environment": "environment",
    "labels": "labels",
    "ports": "ports",
    "expose": "expose",
    "dataVolumes": "volumes",
    "hostname": "hostname",
    "user": "user",
    "workingDir": "working_dir",
    "tty": "tty",
    "stdinOpen": "stdin_open",
    "memory": "mem_limit",
    "cpuShares": "cpu_shares",
    "privileged": "privileged",
    "capAdd": "cap_add",
    "capDrop": "cap_drop",
    "dnsSearch": "dns_search",
}
"""Launch config field -> compose key, where the value is the same."""


def export(services: Iterable[ServiceSpec]) -> tuple[str, str]:
    """Return the docker-compose and the rancher-compose text of `services`."""
    docker: dict[str, Any] = {}
    rancher: dict[str, Any] = {}
    for service in services:
        docker[service.name] = _escape(_body(service))
        rancher[service.name] = _escape(_extra(service))
    return _dump(docker), _dump(rancher)


def _body(service: ServiceSpec) -> dict[str, Any]:
    config = service.launch_config
    body: dict[str, Any] = {"image": image_reference(config["imageUuid"])}
    body |= {key: config[field] for field, key in _KEYS.items() if config.get(field)}
    policy = config.get("restartPolicy") or {}
    if policy.get("name"):
        count = policy.get("maximumRetryCount")
        body["restart"] = f"{policy['name']}:{count}" if count else policy["name"]
    if config.get("networkMode") not in (None, "managed"):
        body["net"] = config["networkMode"]
    own = [_link(link) for link in service.links if link.stack is None]
    other = [_link(link) for link in service.links if link.stack is not None]
    return body | ({"links": own} if own else {}) | ({"external_links": other} if other else {})


def _extra(service: ServiceSpec) -> dict[str, Any]:
    extra: dict[str, Any] = {"scale": service.scale}
    return extra | ({"metadata": service.metadata} if service.metadata else {})


def _link(link: LinkSpec) -> str:
    target = link.service if link.stack is None else f"{link.stack}/{link.service}"
    return target if link.alias == link.service else f"{target}:{link.alias}"


def _escape(value: Any) -> Any:
    """Write a dollar sign so that reading does not take it for a variable."""
    if isinstance(value, dict):
        return {key: _escape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_escape(inner) for inner in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def _dump(document: dict[str, Any]) -> str:
    # Imported here: the server starts without it.
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
