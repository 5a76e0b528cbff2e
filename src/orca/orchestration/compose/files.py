# SPDX-License-Identifier: Apache-2.0
"""Compose files: docker-compose text (v1 flat, v2/v3 with ``services:``) and rancher-compose text to service specs.

Every documented key is honoured or refused by name, because ignoring a key would run something else than the file
describes. ``keys`` has the meaning of each key of a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orca.orchestration.compose import section as compose_section
from orca.orchestration.compose import specs as compose_services
from orca.orchestration.compose import tree as compose_tree
from orca.orchestration.compose import volumes as compose_volumes
from orca.orchestration.compose.errors import Findings, Place, Wrong
from orca.orchestration.compose.interpolation import BadVariable, Filler
from orca.orchestration.compose.specs import ServiceSpec
from orca.orchestration.compose.tree import Node
from orca.orchestration.compose.volumes import VolumeSpec

DOCKER, RANCHER = "docker-compose.yml", "rancher-compose.yml"
"""The default names of the two files in messages."""
MOST_SERVICES = 1000

_TOP = {"version", "services", "volumes", "name"}


@dataclass(frozen=True, slots=True)
class Compose:
    """The content of the files; ``warnings`` are shown to the user and refuse nothing.

    ``volumes``: those that the file describes, by name; None for a file of version 1, which has no such place.
    """

    services: tuple[ServiceSpec, ...]
    warnings: tuple[str, ...] = ()
    volumes: Mapping[str, VolumeSpec] | None = None


def parse(
    docker: str,
    rancher: str | None = None,
    environment: Mapping[str, str] | None = None,
    files: tuple[str, str] = (DOCKER, RANCHER),
) -> Compose:
    """Return the services of a stack, in the order of the file.

    ``environment`` gives the values of variables; every variable in the files is looked up there. ``files``: the names
    of the two files in error messages.

    Raises:
        ComposeError: all errors, each with its place: invalid YAML, an exceeded limit, no services, an unknown key, a
        value of the wrong form, a link to a service that the file does not have.
    """
    findings = Findings()
    variables = {} if environment is None else environment
    trees = [_load(docker, files[0], findings), _load(rancher or "", files[1], findings)]
    # Nothing more can be found in a text that could not be read.
    findings.raise_if_refused()
    filled = _fill(trees, variables, findings)
    services: dict[str, Node] = {}
    extra: dict[str, Node] = {}
    volumes: Mapping[str, VolumeSpec] | None = None
    with findings.collect():
        services, volumes = _services(filled[0], findings)
    with findings.collect():
        extra = _extra(filled[1])
    _check_names(services, extra, files[0], findings)
    sections = {
        name: compose_section.read(name, node, extra.get(name), variables, findings) for name, node in services.items()
    }
    specs = tuple(compose_services.combine(sections))
    findings.raise_if_refused()
    return Compose(specs, findings.warnings, volumes)


def _load(text: str, file: str, findings: Findings) -> Node:
    # Imported here: the server starts without YAML.
    from orca.orchestration.compose import loader

    empty = Node(None, Place(file, 1, 1))
    with findings.collect():
        return loader.read(text, file, findings) or empty
    return empty


def _fill(trees: list[Node], variables: Mapping[str, str], findings: Findings) -> list[Node]:
    """Fill in the variables of the trees. An unset one becomes empty, with a warning at its place."""
    unset: dict[str, Place] = {}
    place = trees[0].place

    def note(name: str) -> None:
        unset.setdefault(name, place)

    filler = Filler(variables, note)

    def fill(node: Node, text: str) -> str:
        nonlocal place
        place = node.place
        try:
            return filler.fill(text)
        except BadVariable as error:
            findings.refuse(place, str(error))
            return text

    filled = [compose_tree.changed(tree, fill) for tree in trees]
    for name, where in unset.items():
        findings.warn(where, f"variable {name} is not set: an empty text took its place; set it or write ${{{name}:-}}")
    return filled


def _services(document: Node, findings: Findings) -> tuple[dict[str, Node], Mapping[str, VolumeSpec] | None]:
    """The services and volumes of a file of any version; refuses other top-level keys."""
    if not document.value or not isinstance(document.value, dict):
        raise Wrong(document.place, "a mapping of services is expected")
    top = document.entries()
    nested = top.get("services")
    if nested is None or (isinstance(nested.value, dict) and "image" in nested.value):
        if "version" in top and not isinstance(top["version"].value, dict):
            raise Wrong(document.place, "a file with 'version' needs a mapping 'services'")
        return top, None
    for key, node in top.items():
        if key not in _TOP and not key.startswith("x-"):
            findings.refuse(node.named, f"unsupported top-level option {key!r}")
    volumes = compose_volumes.read(top["volumes"], findings) if "volumes" in top else {}
    if not nested.value:
        raise Wrong(nested.named, "there are no services")
    return nested.entries(), volumes


def _extra(document: Node) -> dict[str, Node]:
    """The rancher-compose part of each service."""
    if document.value is None:
        return {}
    top = document.entries()
    nested = top.get("services")
    return nested.value if nested is not None and isinstance(nested.value, dict) else top


def _check_names(services: Mapping[str, Node], extra: Mapping[str, Node], file: str, findings: Findings) -> None:
    if len(services) > MOST_SERVICES:
        last = list(services.values())[MOST_SERVICES]
        findings.refuse(last.named, f"a stack has at most {MOST_SERVICES} services: make it several stacks")
        findings.raise_if_refused()
    seen: dict[str, str] = {}
    for name, node in services.items():
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            findings.refuse(node.named, f"services {other!r} and {name!r} differ in case only: rename one of them")
    for name, node in extra.items():
        if name not in services and name not in ("version", ".catalog"):
            findings.refuse(node.named, f"service {name!r} is not in {file}")
