# SPDX-License-Identifier: Apache-2.0
"""What compose files say under one name: a container's worth of text, taken apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from orca.orchestration import compose_keys, compose_labels, load_balancer_ports
from orca.orchestration.compose_keys import HEALTH, IGNORED, KINDS, Key
from orca.orchestration.compose_labels import Labels
from orca.orchestration.compose_values import ComposeError, environment, integer, mapping, string, strings
from orca.orchestration.names import BadName, check_service_name
from orca.storage.references import stands_for

RANCHER = "rancher-compose: "


@dataclass(frozen=True, slots=True)
class LinkSpec:
    """A link: `service` of this stack, or of `stack`, seen as `alias`; a balancer sends it what `rules` say."""

    service: str
    alias: str
    stack: str | None = None
    rules: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """What the link leads to, as files name it."""
        return self.service if self.stack is None else f"{self.stack}/{self.service}"


@dataclass(frozen=True, slots=True)
class Section:
    """One name of the files.

    `body` is what docker-compose says of the container, `stated` what it says of the service, `more` what
    rancher-compose says.
    """

    name: str
    kind: str
    body: dict[str, Any]
    stated: dict[str, Any]
    more: dict[str, Any]
    labels: Labels
    links: tuple[LinkSpec, ...]

    def given(self, keys: Mapping[str, Key]) -> dict[str, Any]:
        """The fields that `keys` of rancher-compose give.

        Raises:
            ComposeError: a value of the wrong form.
        """
        said = {key: value for key, value in {**self.stated, **self.more}.items() if key in keys}
        try:
            return compose_keys.read(self.name, said, keys)
        except ComposeError as error:
            raise ComposeError(f"{RANCHER}{error}") from error

    def launch_config(self, unit: Collection[str]) -> dict[str, Any]:
        """The launch config, beside those of the sections with the names of `unit`.

        Raises:
            ComposeError: an unknown key, a value of the wrong form, volumes or a network of a container elsewhere.
        """
        kind = KINDS[self.kind]
        config = compose_keys.read(self.name, self.body, kind.launch)
        if self.labels.kept:
            config["labels"] = self.labels.kept
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
                    raise self.wrong(key, f"{name!r} is not one of its sidekicks, nor the service that it is one of")
        return config | self.given(kind.health)

    def check_sidekick(self, owner: str) -> None:
        """Refuse to be the sidekick of `owner` with something that only a service has.

        Raises:
            ComposeError: see above.
        """
        if self.kind != "service":
            raise self.wrong("image", f"a sidekick of {owner!r} is a container")
        given = {"labels": self.labels != Labels(self.labels.kept), "links": bool(self.links)}
        given |= dict.fromkeys(self.stated.keys() | self.more.keys() - HEALTH.keys(), True)
        for key in sorted(key for key, found in given.items() if found):
            raise self.wrong(key, f"a sidekick of {owner!r} has none of its own")

    def wrong(self, what: str | None, message: str) -> ComposeError:
        """The refusal of what a key, or an API field, says."""
        key = compose_keys.key_of(what or "", KINDS[self.kind])
        message = message.removeprefix(f"{what} ").removeprefix(f"{what}: ")
        file = RANCHER if key in self.more else ""
        return ComposeError(f"{file}service {self.name!r}: {key}: {message}")


def read(name: str, body: Any, more: Any, variables: Mapping[str, str]) -> Section:
    """Take apart what the files say under a name.

    Raises:
        ComposeError: a name that no service can have, something that is no mapping, an unknown key of rancher-compose,
            bad labels or links.
    """
    try:
        check_service_name(name)
    except BadName as error:
        raise ComposeError(str(error)) from error
    if not isinstance(body, dict):
        raise ComposeError(f"service {name!r}: a mapping is expected")
    if not isinstance(more, dict):
        raise ComposeError(f"{RANCHER}service {name!r}: a mapping is expected")
    body = {str(key): value for key, value in body.items() if key not in IGNORED and not str(key).startswith("x-")}
    if not body.get("image"):
        raise ComposeError(f"service {name!r}: image: is required")
    kind = _kind(string(name, "image", body["image"]))
    if "image" not in KINDS[kind].launch:
        del body["image"]
    stated = _scale(name, body)
    for file, keys in (("", stated), (RANCHER, more)):
        for key in keys:
            if key not in KINDS[kind].rancher:
                raise ComposeError(f"{file}service {name!r}: unsupported config option {key!r}")
    labels = compose_labels.read(name, mapping(name, "labels", body.pop("labels", None)))
    links = [_link(name, text) for text in strings(name, "links", body.pop("links", None))]
    links += [_external(name, text) for text in strings(name, "external_links", body.pop("external_links", None))]
    if body.get("environment") is not None:
        body["environment"] = environment(name, body["environment"], variables)
    section = Section(name, kind, body, stated, more, labels, tuple(links))
    if links and kind == "externalService":
        raise section.wrong("links", "a service elsewhere has none")
    if kind == "loadBalancerService":
        return replace(section, links=_ruled(section))
    if labels.targets:
        raise section.wrong("labels", "only a balancer has targets")
    return section


def _kind(image: str) -> str:
    """The kind of service that an image stands for."""
    word = stands_for(image)
    return next((name for name, kind in KINDS.items() if kind.image == word), "service")


def _scale(name: str, body: dict[str, Any]) -> dict[str, int]:
    """The scale that docker-compose itself states: `scale` (v2) or `deploy.replicas` (v3). Taken out of `body`."""
    deploy = body.pop("deploy", None) or {}
    if not isinstance(deploy, dict) or set(deploy) - {"replicas"}:
        keys = ", ".join(sorted(map(str, set(deploy) - {"replicas"}))) if isinstance(deploy, dict) else "deploy"
        raise ComposeError(f"service {name!r}: unsupported config option 'deploy': {keys}")
    scale = deploy.get("replicas", body.pop("scale", None))
    return {} if scale is None else {"scale": integer(name, "scale", scale)}


def _ruled(section: Section) -> tuple[LinkSpec, ...]:
    """The links of a balancer, with the rules that labels give for their targets."""
    targets = section.labels.targets
    for target, rules in targets.items():
        if target not in {link.target for link in section.links}:
            raise section.wrong("labels", f"there is no link to {target!r}")
        for rule in rules:
            try:
                load_balancer_ports.parse(rule)
            except ValueError as error:
                raise section.wrong("labels", f"{compose_labels.TARGET}{target}: {error}") from error
    return tuple(replace(link, rules=targets.get(link.target, ())) for link in section.links)


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
