# SPDX-License-Identifier: Apache-2.0
"""Plan the changes that make a stack match its text: specs and present services in, a printable value out. Pure.

The comparison is with the present services, not with the former text. So the plan shows changes that somebody made by
hand, and ignores changed blanks in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from orca.orchestration.compose.keys import SERVICE_KEYS
from orca.orchestration.compose.labels import SELECTORS
from orca.orchestration.compose.section import LinkSpec
from orca.orchestration.compose.specs import ServiceSpec
from orca.orchestration.compose.volumes import VolumeSpec
from orca.orchestration.services.checks import CONTAINERLESS
from orca.orchestration.stacks import engines
from orca.orchestration.stacks.differences import Difference, differences, of_configs, plain, shown_links
from orca.orchestration.syntax import ports, rules
from orca.storage.references import NOTHING

Action = Literal["finish", "create", "change", "start", "replace", "remove"]

DEFAULT_SCALE = 1
STOPPED = frozenset({"inactive", "deactivating"})
CANCELED = "canceled-upgrade"
HALFWAY = frozenset({"upgraded", CANCELED})
"""States of a service whose upgrade waits for a decision."""


@dataclass(frozen=True, slots=True)
class Present:
    """A present service. ``spec``: the service as text would describe it, with names of certificates and links.
    ``waits``: links that are made once their target exists.
    """

    id: int
    spec: ServiceSpec
    state: str
    failing: bool = False
    waits: tuple[LinkSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """The present state that a plan is based on. Names are casefolded.

    ``services``: those of the stack. ``stacks``: the names of the project's stacks. ``elsewhere``: linked services of
    other stacks, by stack and service, with the spelling of both. ``certificates``: names with their spelling.
    ``engines``: the version of Docker on each host, by its name, if a service asks for what some lack.
    """

    stack: str
    services: Mapping[str, Present] = field(default_factory=dict)
    stacks: frozenset[str] = frozenset()
    elsewhere: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    certificates: frozenset[str] = frozenset()
    engines: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one service.

    ``id``: of an existing service. ``spec``: the wanted service, with the links whose targets exist. ``fields``: for
    ``change`` the fields to set, for ``replace`` the input of an upgrade. ``starts``: it should run afterwards.
    """

    action: Action
    service: str
    id: int | None = None
    differences: tuple[Difference, ...] = ()
    spec: ServiceSpec | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    waits: tuple[LinkSpec, ...] = ()
    relink: bool = False
    starts: bool = False

    @property
    def line(self) -> str:
        """The entry in words."""
        said = "; ".join(each.line for each in self.differences)
        return f"{self.action} {self.service}" + (f": {said}" if said else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes, in order. ``missing``: links without a target yet; ``refusals``: why it cannot be done; ``failing``:
    services (ids) whose last process failed, which are tried again. ``first``: services (ids) whose entry frees
    published ports for others. ``warnings``: what some hosts do not do. ``volumes``: those that are to be made before.
    """

    entries: tuple[Entry, ...]
    missing: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    failing: tuple[int, ...] = ()
    first: tuple[int, ...] = ()
    warnings: tuple[str, ...] = ()
    volumes: tuple[VolumeSpec, ...] = ()


def plan(wanted: Iterable[ServiceSpec], world: World) -> Plan:
    """Compare a text with the present state."""
    entries: list[Entry] = []
    missing: list[str] = []
    refusals: list[str] = []
    warnings: list[str] = []
    left = dict(world.services)
    for spec in wanted:
        present = left.pop(spec.name.casefold(), None)
        refusals += _refusals(spec, present, world)
        warnings += engines.warnings(spec, world.engines)
        links, waits = _resolve(spec, world)
        missing += [_nowhere(spec, link, world) for link in waits]
        spec = replace(spec, links=links)
        if present is None:
            entries.append(_creation(spec, waits))
        elif present.spec.type == spec.type:
            entries += _changes(spec, waits, present)
    entries += [Entry("remove", present.spec.name, present.id) for present in left.values()]
    going = {entry.id for entry in entries if entry.action != "change"}
    failing = [each.id for each in world.services.values() if each.failing and each.id not in going]
    first = tuple(_first(entries, world))
    return Plan(tuple(entries), tuple(missing), tuple(refusals), tuple(failing), first, tuple(warnings))


def live_fields(type: str) -> frozenset[str]:
    """The fields of a service that follow the text while it runs."""
    said = SERVICE_KEYS[type]
    fields = {entry.field for keys in (said.service, said.certificates) for entry in keys.values()}
    result = (fields | set(SELECTORS.values())) - {"startOnCreate"}
    return frozenset(result | {"launchConfig"} if type in CONTAINERLESS else result)


def _first(entries: Iterable[Entry], world: World) -> Iterator[int]:
    before = {present.id: _published(present.spec) for present in world.services.values()}
    moves = [entry for entry in entries if entry.action in ("create", "replace", "remove")]
    after = [_published(entry.spec) if entry.spec is not None else frozenset() for entry in moves]
    held = [before.get(entry.id, frozenset()) if entry.id is not None else frozenset() for entry in moves]
    claimed = {port for now, then in zip(after, held, strict=True) for port in now - then}
    for entry, now, then in zip(moves, after, held, strict=True):
        if entry.id is not None and (then - now) & claimed:
            yield entry.id


def _published(spec: ServiceSpec) -> frozenset[tuple[int, str]]:
    """The host ports that a service publishes, on any address."""
    primary = spec.fields.get("launchConfig") or {}
    texts = rules.published(primary) if spec.type == "loadBalancerService" else [*(primary.get("ports") or [])]
    texts += [text for config in spec.fields.get("secondaryLaunchConfigs") or [] for text in config.get("ports") or []]
    found = [port.published for text in texts for port in ports.parse(text)]
    return frozenset((port.port, port.protocol) for port in found if port is not None)


def retyped(spec: ServiceSpec, present: str) -> str:
    """Why a service of type ``present`` does not become what its text says."""
    return f"service {spec.name} is of type {present} and cannot become {spec.type}: use another name"


# -- one service ------------------------------------------------------------------------------------------------------


def _refusals(spec: ServiceSpec, present: Present | None, world: World) -> Iterator[str]:
    if present is not None and present.spec.type != spec.type:
        yield retyped(spec, present.spec.type)
    for names in spec.certificates.values():
        for name in names if isinstance(names, list) else [names]:
            if name not in world.certificates:
                yield f"service {spec.name}: there is no certificate {name!r}"
    if spec.strategy.get("startFirst") and spec.fields.get("retainIp"):
        yield f"service {spec.name}: upgrade_strategy: a service that retains its addresses cannot start first"


def _resolve(spec: ServiceSpec, world: World) -> tuple[tuple[LinkSpec, ...], tuple[LinkSpec, ...]]:
    """The links whose targets exist, with the targets' spelling; and those without a target."""
    found: list[LinkSpec] = []
    missing: list[LinkSpec] = []
    for link in spec.links:
        if link.stack is None or link.stack.casefold() == world.stack.casefold():
            found.append(replace(link, stack=None))
            continue
        names = world.elsewhere.get((link.stack.casefold(), link.service.casefold()))
        if names is None:
            missing.append(link)
        else:
            found.append(replace(link, stack=names[0], service=names[1]))
    return tuple(found), tuple(missing)


def _nowhere(spec: ServiceSpec, link: LinkSpec, world: World) -> str:
    """Why a link has no target."""
    there = str(link.stack).casefold() in world.stacks
    what = f"stack {link.stack} has no service {link.service}" if there else f"there is no stack {link.stack}"
    return f"service {spec.name}: external_links: {what}"


def _creation(spec: ServiceSpec, waits: tuple[LinkSpec, ...]) -> Entry:
    said = [Difference("kind", after=spec.type)] if spec.type != "service" else []
    image = (spec.fields.get("launchConfig") or {}).get("imageUuid")
    said += [Difference("image", after=image.removeprefix("docker:"))] if image and spec.type == "service" else []
    said += [Difference("scale", after=spec.fields["scale"])] if "scale" in spec.fields else []
    said += [Difference("waits for", after=shown_links(waits))] if waits else []
    relink, starts = bool(spec.links or waits), _starts(spec)
    return Entry("create", spec.name, None, tuple(said), spec, waits=waits, relink=relink, starts=starts)


def _starts(spec: ServiceSpec) -> bool:
    return bool(spec.fields.get("startOnCreate", True))


def _changes(spec: ServiceSpec, waits: tuple[LinkSpec, ...], present: Present) -> Iterator[Entry]:
    name = present.spec.name
    if present.state in HALFWAY:
        yield Entry("finish", name, present.id, (Difference(f"its upgrade, which is {present.state}"),))
    fields = _changed(spec, present.spec)
    links = shown_links(present.spec.links) != shown_links(spec.links)
    awaited = set(present.waits) != set(waits)
    strategy = present.spec.strategy != spec.strategy
    if fields or links or awaited or strategy:
        said = [Difference("links", shown_links(present.spec.links), shown_links(spec.links))] if links else []
        said += [Difference("waits for", shown_links(present.waits), shown_links(waits))] if awaited else []
        said += [Difference("upgrade_strategy")] if strategy else []
        said = [*differences(_said(present.spec), {**_said(present.spec), **fields}), *said]
        yield Entry("change", name, present.id, tuple(said), spec, fields, waits, relink=links or awaited)
    if present.state in STOPPED and _starts(spec):
        yield Entry("start", name, present.id, starts=True)
    outdated = _outdated(spec, present.spec)
    if outdated or present.state == CANCELED:
        said = list(of_configs(present.spec.fields, spec.fields)) or [Difference("its upgrade was canceled")]
        given = outdated or {"launchConfig": spec.fields["launchConfig"]}
        yield Entry("replace", name, present.id, tuple(said), spec, {**spec.strategy, **given})


def _said(spec: ServiceSpec) -> dict[str, Any]:
    """The fields that follow the text, with names of certificates and with defaults."""
    said = {name: (spec.fields | spec.certificates).get(name) for name in live_fields(spec.type)}
    if said.get("scale", 0) is None:
        said["scale"] = DEFAULT_SCALE
    if spec.type in CONTAINERLESS:
        said["launchConfig"] = plain(said["launchConfig"])
    return said


def _changed(spec: ServiceSpec, before: ServiceSpec) -> dict[str, Any]:
    """The fields to set; fields that the text no longer has get their defaults."""
    wanted, present = _said(spec), _said(before)
    return {name: value for name, value in sorted(wanted.items()) if (present.get(name) or None) != (value or None)}


def _outdated(spec: ServiceSpec, present: ServiceSpec) -> dict[str, Any]:
    """The changed launch configs, as input of an upgrade."""
    if spec.type in CONTAINERLESS:
        return {}
    found: dict[str, Any] = {}
    if plain(present.fields.get("launchConfig")) != plain(spec.fields.get("launchConfig")):
        found["launchConfig"] = spec.fields["launchConfig"]
    before = {config["name"]: config for config in present.fields.get("secondaryLaunchConfigs") or []}
    after = {config["name"]: config for config in spec.fields.get("secondaryLaunchConfigs") or []}
    sidekicks = [config for name, config in after.items() if plain(before.get(name)) != plain(config)]
    sidekicks += [{"name": name, "imageUuid": f"docker:{NOTHING}"} for name in before if name not in after]
    return {**found, "secondaryLaunchConfigs": sidekicks} if sidekicks else found
