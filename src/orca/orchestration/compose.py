# SPDX-License-Identifier: Apache-2.0
"""Compose files: docker-compose text (v1 flat, v2/v3 with `services:`) and rancher-compose text to service specs.

Every documented key is honoured or refused by name: a key that is dropped in silence would run something other than
what the file says. `compose_keys` knows what each key of a service means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orca.orchestration.compose_keys import ComposeError, launch_config, strings
from orca.orchestration.interpolation import BadVariable, interpolate
from orca.orchestration.names import BadName, check_service_name

_TOP = {"version", "services", "volumes", "name"}
_RANCHER = {"scale", "metadata", "start_on_create"}


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link: `service` of this stack, or of `stack`, seen as `alias`."""

    service: str
    alias: str
    stack: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """A service as the file wants it; `launch_config` holds API field names."""

    name: str
    launch_config: dict[str, Any]
    scale: int = 1
    links: tuple[LinkSpec, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    start_on_create: bool = True


@dataclass(frozen=True, slots=True)
class Compose:
    """What the files say; `warnings` are shown to the user, they stop nothing."""

    services: tuple[ServiceSpec, ...]
    warnings: tuple[str, ...] = ()


def parse(docker: str, rancher: str | None = None, environment: Mapping[str, str] | None = None) -> Compose:
    """Return the services of a stack, in the order of the file.

    `environment` fills the variables of the files.

    Raises:
        ComposeError: not YAML, no services, an unknown key (naming service and key), a value of the wrong form, a link
            to a service that the file does not have.
    """
    missing: set[str] = set()
    variables = environment or {}
    services = _services(_load(docker, "docker-compose", variables, missing))
    extra = _load(rancher, "rancher-compose", variables, missing) if rancher and rancher.strip() else {}
    if isinstance(extra.get("services"), dict):
        extra = extra["services"]
    for name in extra:
        if name not in services and name not in ("version", ".catalog"):
            raise ComposeError(f"rancher-compose: service {name!r} is not in docker-compose")
    warnings = [f"variable {name} is not set: an empty text took its place" for name in sorted(missing)]
    specs = []
    for name, body in services.items():
        spec = _spec(str(name), body, extra.get(name) or {}, variables)
        for link in spec.links:
            if link.stack is None and link.service not in services:
                raise ComposeError(f"service {name!r}: links: there is no service {link.service!r} in this file")
        specs.append(spec)
    return Compose(tuple(specs), tuple(warnings))


def _load(text: str, what: str, variables: Mapping[str, str], missing: set[str]) -> dict[str, Any]:
    # Imported here: the server starts without it.
    import yaml

    try:
        document = yaml.safe_load(text)
        document = interpolate(document, variables, missing)
    except (yaml.YAMLError, BadVariable) as error:
        raise ComposeError(f"{what}: {error}") from error
    except RecursionError as error:
        raise ComposeError(f"{what}: nested too deeply") from error
    if not isinstance(document, dict) or not document:
        raise ComposeError(f"{what}: a mapping of services is expected")
    return document


def _services(document: dict[str, Any]) -> dict[str, Any]:
    """The services of a file of any version; refuses what else stands beside them."""
    nested = document.get("services")
    if not isinstance(nested, dict) or "image" in nested:
        if "version" in document and not isinstance(document["version"], dict):
            raise ComposeError("docker-compose: a file with 'version' needs a mapping 'services'")
        return document
    for key in document:
        if key not in _TOP and not str(key).startswith("x-"):
            raise ComposeError(f"docker-compose: unsupported top-level option {key!r}")
    for name, options in (document.get("volumes") or {}).items():
        if (options and set(options) - {"driver"}) or (options or {}).get("driver", "local") != "local":
            raise ComposeError(f"docker-compose: volume {name!r}: only plain local volumes are supported")
    if not nested:
        raise ComposeError("docker-compose: there are no services")
    return nested


def _spec(name: str, body: Any, extra: Any, variables: Mapping[str, str]) -> ServiceSpec:
    try:
        check_service_name(name)
    except BadName as error:
        raise ComposeError(str(error)) from error
    if not isinstance(body, dict):
        raise ComposeError(f"service {name!r}: a mapping is expected")
    if not isinstance(extra, dict):
        raise ComposeError(f"rancher-compose: service {name!r}: a mapping is expected")
    for key in extra:
        if key not in _RANCHER:
            raise ComposeError(f"rancher-compose: service {name!r}: unsupported config option {key!r}")
    body = dict(body)
    links = [_link(name, text) for text in strings(name, "links", body.pop("links", None))]
    links += [_external(name, text) for text in strings(name, "external_links", body.pop("external_links", None))]
    scale = extra.get("scale", _replicas(name, body))
    if isinstance(scale, bool) or not isinstance(scale, int) or scale < 0:
        raise ComposeError(f"service {name!r}: scale: a number from 0 upwards is expected")
    metadata = extra.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ComposeError(f"rancher-compose: service {name!r}: metadata: a mapping is expected")
    start = extra.get("start_on_create", True)
    if not isinstance(start, bool):
        raise ComposeError(f"rancher-compose: service {name!r}: start_on_create: true or false is expected")
    return ServiceSpec(name, launch_config(name, body, variables), scale, tuple(links), metadata, start)


def _replicas(name: str, body: dict[str, Any]) -> Any:
    """The scale that the compose file itself states: `scale` (v2) or `deploy.replicas` (v3)."""
    scale = body.pop("scale", 1)
    deploy = body.pop("deploy", None) or {}
    if not isinstance(deploy, dict) or set(deploy) - {"replicas"}:
        keys = ", ".join(sorted(set(deploy) - {"replicas"})) if isinstance(deploy, dict) else "deploy"
        raise ComposeError(f"service {name!r}: unsupported config option 'deploy': {keys}")
    return deploy.get("replicas", scale)


def _link(name: str, text: str) -> LinkSpec:
    service, _, alias = text.partition(":")
    if not service:
        raise ComposeError(f"service {name!r}: links: {text!r} has not the form service[:alias]")
    return LinkSpec(service, alias or service)


def _external(name: str, text: str) -> LinkSpec:
    target, _, alias = text.partition(":")
    stack, slash, service = target.partition("/")
    if not (slash and stack and service):
        raise ComposeError(f"service {name!r}: external_links: {text!r} has not the form stack/service[:alias]")
    return LinkSpec(service, alias or service, stack)
