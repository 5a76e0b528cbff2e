# SPDX-License-Identifier: Apache-2.0
"""The parsed text of one container in compose files: everything under one name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orca.orchestration.compose import keys as compose_keys
from orca.orchestration.compose import labels as compose_labels
from orca.orchestration.compose import values as compose_values
from orca.orchestration.compose.errors import Findings, Place, Wrong
from orca.orchestration.compose.keys import HEALTH, SERVICE_KEYS, Key
from orca.orchestration.compose.labels import Labels
from orca.orchestration.compose.tree import Node
from orca.orchestration.compose.values import Pair
from orca.orchestration.syntax import rules as load_balancer_ports
from orca.orchestration.syntax.labels import BALANCER_TARGET
from orca.orchestration.syntax.names import BadName, check_service_name
from orca.storage.references import stands_for

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""The characters of a link's name."""


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link: ``service`` of this stack, or of ``stack``, seen as ``alias``; ``rules`` are those of a balancer's
    target.
    """

    service: str
    alias: str
    stack: str | None = None
    rules: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The target of the link, as files name it."""
        return self.service if self.stack is None else f"{self.stack}/{self.service}"


@dataclass(frozen=True, slots=True)
class Section:
    """One name of the files.

    ``body`` holds docker-compose's keys of the container, ``stated`` those of the service, ``more`` the keys of
    rancher-compose. ``place``: the place of the name; ``findings``: where errors go.
    """

    name: str
    type: str
    place: Place
    findings: Findings
    body: dict[str, Node]
    stated: dict[str, Node]
    more: dict[str, Node]
    labels: Labels
    links: tuple[LinkSpec, ...]
    places: Mapping[str, Place]

    def given(self, keys: Mapping[str, Key]) -> dict[str, Any]:
        """The fields from these ``keys`` of rancher-compose."""
        said = {key: node for key, node in {**self.stated, **self.more}.items() if key in keys}
        return compose_keys.read(self.name, said, keys, self.findings)

    def launch_config(self, unit: Collection[str]) -> dict[str, Any]:
        """The launch config; ``unit``: the names of all sections of its unit."""
        keys = SERVICE_KEYS[self.type]
        config = compose_keys.read(self.name, self.body, keys.launch, self.findings)
        if self.labels.kept:
            config["labels"] = self.labels.kept
        if self.labels.strategy:
            config.setdefault("engineHealthCheck", {})["strategy"] = self.labels.strategy
        joined = config.get("networkMode", "").partition(":")[2]
        if joined:
            del config["networkMode"]
            config["networkLaunchConfig"] = joined
        for key, names in (
            ("volumes_from", config.get("dataVolumesFromLaunchConfigs") or []),
            ("network_mode", [joined] if joined else []),
        ):
            for name in names:
                if name not in unit or name == self.name:
                    self.refuse(key, f"{name!r} is not one of its sidekicks, nor the service that it is one of")
        return config | self.given(keys.health)

    def check_sidekick(self, owner: str) -> None:
        """Refuse keys that only a service may have in the sidekick of ``owner``."""
        if self.type != "service":
            self.refuse("image", f"a sidekick of {owner!r} is a container")
        given = {
            "labels": self.labels != Labels(self.labels.kept, strategy=self.labels.strategy),
            "links": bool(self.links),
        }
        given |= dict.fromkeys(self.stated.keys() | self.more.keys() - HEALTH.keys(), True)
        for key in sorted(key for key, found in given.items() if found):
            self.refuse(key, f"a sidekick of {owner!r} has none of its own")

    def refuse(self, what: str | None, message: str) -> None:
        """Refuse the value of a key, or of an API field."""
        key = compose_keys.key_of(what or "", SERVICE_KEYS[self.type])
        message = message.removeprefix(f"{what} ").removeprefix(f"{what}: ")
        self.findings.refuse(self._place(key), message, self.name, key)

    def _place(self, key: str) -> Place:
        """The place of a key, which may be inside the value of another."""
        if key in self.places:
            return self.places[key]
        if key == "network_mode" and "net" in self.places:
            return self.places["net"]
        inner = [node.value for node in self.more.values() if isinstance(node.value, dict)]
        return next((entries[key].named for entries in inner if key in entries), self.place)


def read(name: str, node: Node, more: Node | None, variables: Mapping[str, str], findings: Findings) -> Section:
    """Parse everything that the files have under a name. Errors go to ``findings``."""
    try:
        check_service_name(name)
    except BadName as error:
        findings.refuse(node.named, str(error))
    body: dict[str, Node] = {}
    said: dict[str, Node] = {}
    type = "service"
    with findings.collect(name):
        said = {} if more is None or more.value is None else more.entries()
    with findings.collect(name):
        body = {key: inner for key, inner in node.entries().items() if not _ignored(key)}
        if "image" not in body or not body["image"].value:
            raise Wrong(node.named, "image: is required")
        type = _type(compose_values.string(body["image"]))
    return _section(name, type, node.named, body, said, variables, findings)


def _ignored(key: str) -> bool:
    return key in compose_keys.IGNORED or key.startswith("x-")


def _type(image: str) -> str:
    """The type of service that an image marks."""
    word = stands_for(image)
    return next((name for name, keys in SERVICE_KEYS.items() if keys.image == word), "service")


def _section(
    name: str,
    type: str,
    place: Place,
    body: dict[str, Node],
    more: dict[str, Node],
    variables: Mapping[str, str],
    findings: Findings,
) -> Section:
    places = {key: node.named for key, node in {**body, **more}.items()}
    if "image" not in SERVICE_KEYS[type].launch:
        del body["image"]
    stated: dict[str, Node] = {}
    with findings.collect(name):
        stated = _scale(body)
    with findings.collect(name):
        body |= _logging(body)
    for key, node in [*stated.items(), *more.items()]:
        if key not in SERVICE_KEYS[type].rancher:
            findings.refuse(node.named, f"unsupported config option {key!r}", name)
    labels = Labels()
    with findings.collect(name, "labels"):
        labels = compose_labels.read(list(_spelled(_pairs(body.pop("labels", None)), "labels", name, findings)))
    links = _links(name, "links", body.pop("links", None), findings)
    links += _links(name, "external_links", body.pop("external_links", None), findings)
    if "environment" in SERVICE_KEYS[type].launch and "environment" in body:
        with findings.collect(name, "environment"):
            body["environment"] = _environment(name, body.pop("environment"), variables, findings)
    section = Section(name, type, place, findings, body, stated, more, labels, tuple(links), places)
    if section.links and type == "externalService":
        section.refuse("links", "a service elsewhere has none")
    if type == "loadBalancerService":
        return replace(section, links=_ruled(section))
    if labels.targets:
        section.refuse("labels", "only a balancer has targets")
    return section


def _pairs(node: Node | None) -> Iterable[Pair]:
    return () if node is None or node.value is None else compose_values.pairs(node)


def _spelled(pairs: Iterable[Pair], key: str, service: str, findings: Findings) -> Iterable[Pair]:
    """The pairs, with a warning for each number whose text differs from its spelling."""
    for pair in pairs:
        if pair.written is not None and pair.written != pair.value:
            message = f"{pair.written} is {pair.value} in YAML: write it in quotes to keep it as it is"
            findings.warn(pair.place, f"service {service!r}: {key}: {pair.name}: {message}")
        yield pair


def _environment(name: str, node: Node, variables: Mapping[str, str], findings: Findings) -> Node:
    """The environment as a mapping to texts. A name without a value gets the variable of that name, or is left out
    without one.
    """
    found: dict[str, Node] = {}
    for pair in _spelled(_pairs(node), "environment", name, findings):
        value = variables.get(pair.name) if pair.value is None else pair.value
        found.pop(pair.name, None)
        if value is not None:
            found[pair.name] = Node(value, pair.place)
    return node._replace(value=found)


def _scale(body: dict[str, Node]) -> dict[str, Node]:
    """Take docker-compose's own scale out of ``body``: ``scale`` (v2) or ``deploy.replicas`` (v3)."""
    deploy, scale = body.pop("deploy", None), body.pop("scale", None)
    parts = {} if deploy is None or deploy.value is None else deploy.entries()
    for key, node in parts.items():
        if key != "replicas":
            raise Wrong(node.named, f"unsupported config option 'deploy': {key}")
    replicas = parts.get("replicas")
    if replicas is None or replicas.value is None:
        replicas = None
    if scale is None or scale.value is None:
        return {} if replicas is None else {"scale": replicas}
    if replicas is not None and compose_values.integer(replicas) != compose_values.integer(scale):
        raise Wrong(scale.named, "scale: deploy says another number of replicas: keep one of them")
    return {"scale": scale}


def _logging(body: dict[str, Node]) -> dict[str, Node]:
    """Take ``logging`` (v2) out of ``body``; return what it says in the keys of version 1."""
    node = body.pop("logging", None)
    said = {} if node is None or node.value is None else node.entries()
    keys = {"driver": "log_driver", "options": "log_opt"}
    for key, inner in said.items():
        if key not in keys:
            raise Wrong(inner.named, f"logging: unsupported config option {key!r}")
        if keys[key] in body:
            raise Wrong(inner.named, f"logging: {keys[key]} says it too: keep one of them")
    return {keys[key]: inner for key, inner in said.items()}


def _ruled(section: Section) -> tuple[LinkSpec, ...]:
    """The links of a balancer, with the rules from the labels of its targets."""
    targets = section.labels.targets
    linked = {link.target for link in section.links}
    for target, rules in targets.items():
        if target not in linked:
            section.refuse("labels", f"there is no link to {target!r}")
            continue
        for rule in rules:
            try:
                load_balancer_ports.parse(rule)
            except ValueError as error:
                section.refuse("labels", f"{BALANCER_TARGET}{target}: {error}")
                break
    return tuple(replace(link, rules=targets.get(link.target, ())) for link in section.links)


def _links(name: str, key: str, node: Node | None, findings: Findings) -> list[LinkSpec]:
    """The links of a key; those to other stacks have a key of their own."""
    links: list[LinkSpec] = []
    with findings.collect(name, key):
        for text in [] if node is None or node.value is None else compose_values.strings(node):
            assert node is not None
            target, colon, alias = text.partition(":")
            stack, slash, service = target.partition("/") if key == "external_links" else ("", "", target)
            parts = [service, *([stack] if key == "external_links" else []), *([alias] if colon else [])]
            if not all(map(_PART.fullmatch, parts)):
                form = "stack/service[:alias]" if key == "external_links" else "service[:alias]"
                raise Wrong(node.place, f"{text!r} does not have the form {form}, without blanks")
            links.append(LinkSpec(service, alias or service, stack if slash else None))
    return links
