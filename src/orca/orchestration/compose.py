# SPDX-License-Identifier: Apache-2.0
"""Compose files: docker-compose text (v1 flat, v2/v3 with `services:`) and rancher-compose text to service specs.

Every documented key is honoured or refused by name: a key that is dropped in silence would run something other than
what the file says. `compose_keys` knows what each key of a service means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orca.orchestration import compose_section, compose_services
from orca.orchestration.compose_services import ServiceSpec
from orca.orchestration.compose_values import ComposeError
from orca.orchestration.interpolation import BadVariable, interpolate

_TOP = {"version", "services", "volumes", "name"}


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
    variables = {} if environment is None else environment
    services = _services(_load(docker, "docker-compose", variables, missing))
    extra = _load(rancher or "", "rancher-compose", variables, missing)
    if isinstance(extra.get("services"), dict):
        extra = extra["services"]
    for name in extra:
        if name not in services and name not in ("version", ".catalog"):
            raise ComposeError(f"rancher-compose: service {name!r} is not in docker-compose")
    warnings = [f"variable {name} is not set: an empty text took its place" for name in sorted(missing)]
    sections = {
        str(name): compose_section.read(str(name), body, extra.get(name) or {}, variables)
        for name, body in services.items()
    }
    return Compose(tuple(compose_services.combine(sections)), tuple(warnings))


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
    if not isinstance(document, dict | None):
        raise ComposeError(f"{what}: a mapping of services is expected")
    return document or {}


def _services(document: dict[str, Any]) -> dict[str, Any]:
    """The services of a file of any version; refuses what else stands beside them."""
    if not document:
        raise ComposeError("docker-compose: a mapping of services is expected")
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
