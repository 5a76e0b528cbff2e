# SPDX-License-Identifier: Apache-2.0
"""What a message of an agent may hold (docs/agents.md names the limits for users).

An agent serves one project's host, but its reports reach rows, other hosts and people. The server leaves out values
that cannot be true, and cuts long text. So one odd container does not keep a whole host away. The server refuses a
message only if nothing sensible is left of it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from . import names
from .balancers import BalancerFigures, BalancerReport, Drained, Refusal, TargetEdge, TargetFigures
from .commands import Activated, ConfigApplied, Message
from .event import WireError
from .health import CheckEdge, EngineHealth, HealthChange
from .metadata import MetadataAsked
from .reports import Container, Hello, HostFacts, MeshEdge, MeshSummary, PeerSilent, PeerState

M = TypeVar("M", bound=Message)
N = TypeVar("N", int, float)

NAME_CHARACTERS: Final = 255
IMAGE_CHARACTERS: Final = 512
FACT_CHARACTERS: Final = 128
REASON_CHARACTERS: Final = 500
CSR_CHARACTERS: Final = 8192
LABEL_CHARACTERS: Final = 4096
LABELS: Final = 64
"""Labels of one container."""
LABEL_BYTES: Final = 16_384
"""Of all labels of one container, keys and values."""
CONTAINERS: Final = 5000
"""Containers in one hello."""
ADDRESSES: Final = 16
"""Outer addresses of a host."""
FAMILIES: Final = 32
"""Families of config items."""
PEERS: Final = 5000
"""Tunnels in one summary."""
VERDICTS: Final = 20_000
"""Checks, and containers, in one report on health."""
TARGETS: Final = 20_000
"""Targets in one report of balancers, or in one answer about a balancer."""
OUTPUT_CHARACTERS: Final = 4096
"""Of a command that checks a container."""
LAST_TIME: Final = 1 << 53
"""UTC milliseconds; also the largest number that every reader of JSON can hold."""

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII)
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?", re.ASCII)
_NUMBER = re.compile(r"[0-9a-f]{1,16}", re.ASCII)
"""The form of a digest; anything else counts as none, and all items are compared."""


class Unsound(WireError):
    """No agent sends such a message; the text names the key."""


FORMS: Final[Mapping[str, type[Message]]] = {
    names.HELLO: Hello,
    names.CONTAINER_CHANGE: Container,
    names.HOST_CHANGE: HostFacts,
    names.HEALTH_CHANGE: HealthChange,
    names.BALANCER_REPORT: BalancerReport,
    names.METADATA_ASKED: MetadataAsked,
    names.MESH_EDGE: MeshEdge,
    names.MESH_SUMMARY: MeshSummary,
    names.PEER_SILENT: PeerSilent,
}
"""The form of each report."""


def sound(message: M) -> M:
    """Return a message without the values that cannot be true.

    Raises:
        Unsound: nothing sensible is left of it.
    """
    check = _CHECKS.get(type(message))
    return message if check is None else check(message)


def read_answer(name: str, data: Mapping[str, Any], form: type[M]) -> M:
    """Return the checked data of an answer to command ``name`` in its form.

    Raises:
        WireError: it has another form, or makes no sense; the message names the key.
    """
    try:
        return sound(msgspec.convert(data, form))
    except (msgspec.ValidationError, Unsound) as error:
        raise WireError(f"the agent's answer to {name} makes no sense: {error}") from error


def plain_text(value: str, longest: int) -> str:
    """Return one line of printable text of at most ``longest`` characters."""
    value = value[: longest + 1]
    if not value.isprintable():
        value = "".join(character if character.isprintable() else " " for character in value)
    return value if len(value) <= longest else f"{value[: longest - 1]}…"


def address(value: str | None) -> str | None:
    """Return an IPv4 address as it is written; None for anything else."""
    try:
        return None if value is None else str(ipaddress.IPv4Address(value))
    except ValueError:
        return None


# -- each form --------------------------------------------------------------------------------------------------------


def _container(said: Container) -> Container:
    external_id = _id("externalId", said.external_id)
    uuid = said.uuid if said.uuid and ID.fullmatch(said.uuid) else None
    return msgspec.structs.replace(
        said,
        external_id=external_id,
        name=plain_text(said.name, NAME_CHARACTERS) or external_id[:12],
        image=plain_text(said.image, IMAGE_CHARACTERS),
        uuid=uuid,
        exit_code=_within(said.exit_code, -(1 << 31), (1 << 31) - 1),
        started_at=_within(said.started_at, 0, LAST_TIME),
        address=address(said.address),
        labels=_labels(said.labels),
        # A container of an instance is a user's, whatever labels its image has.
        system="" if uuid else plain_text(said.system, NAME_CHARACTERS),
        network_mode=plain_text(said.network_mode, NAME_CHARACTERS),
    )


def _facts(said: HostFacts) -> HostFacts:
    host_name = said.hostname if said.hostname and _HOST_NAME.fullmatch(said.hostname) else None
    addresses = [found for each in (said.addresses or ())[:ADDRESSES] if (found := _outer(each)) is not None]
    return msgspec.structs.replace(
        said,
        hostname=host_name,
        addresses=None if said.addresses is None else addresses,
        docker_version=_fact(said.docker_version),
        kernel=_fact(said.kernel),
        os=_fact(said.os),
        agent_version=_fact(said.agent_version),
        cpu_count=_within(said.cpu_count, 1, 1 << 16),
        memory_bytes=_within(said.memory_bytes, 0, LAST_TIME),
    )


def _hello(said: Hello) -> Hello:
    if len(said.mesh_csr) > CSR_CHARACTERS or "\0" in said.mesh_csr:
        raise Unsound(f"meshCsr: a request in PEM of at most {CSR_CHARACTERS} characters is expected")
    if len(said.containers) > CONTAINERS:
        raise Unsound(f"containers: {len(said.containers)} are too many, at most {CONTAINERS} are taken")
    facts = _facts(said)
    assert isinstance(facts, Hello)
    facts.uuid = _id("uuid", said.uuid)
    facts.digest = said.digest if _NUMBER.fullmatch(said.digest) else ""
    facts.families = [family for family in said.families[:FAMILIES] if ID.fullmatch(family)]
    facts.containers = [_container(each) for each in said.containers]
    return facts


def _edge(said: MeshEdge) -> MeshEdge:
    return msgspec.structs.replace(
        said,
        peer=_id("peer", said.peer),
        at=_required("at", _within(said.at, 0, LAST_TIME)),
        age=_within(said.age, 0.0, float(LAST_TIME // 1000)) or 0.0,
        rtt_ms=_within(said.rtt_ms, 0.0, 1e6),
        reason=None if said.reason is None else plain_text(said.reason, REASON_CHARACTERS),
    )


def _summary(said: MeshSummary) -> MeshSummary:
    """The last word about each peer counts."""
    peers = {each.peer: each for each in said.peers[:PEERS] if ID.fullmatch(each.peer)}
    return MeshSummary(peers=[_peer(each) for each in peers.values()])


def _health(said: HealthChange) -> HealthChange:
    """The last word about each check and each container counts."""
    if len(said.checks) > VERDICTS or len(said.containers) > VERDICTS:
        raise Unsound(f"checks, containers: at most {VERDICTS} of each are taken")
    checks = {each.check: each for each in said.checks if ID.fullmatch(each.check) and _is_time(each.at)}
    engine = {each.uuid: each for each in said.containers if ID.fullmatch(each.uuid) and _is_time(each.at)}
    return HealthChange(
        checks=[_verdict(each) for each in checks.values()],
        containers=[_engine(each) for each in engine.values()],
        complete=said.complete,
    )


def _verdict(said: CheckEdge) -> CheckEdge:
    return msgspec.structs.replace(
        said,
        start=_within(said.start, 0, LAST_TIME) or 0,
        reason=None if said.reason is None else plain_text(said.reason, REASON_CHARACTERS),
    )


def _engine(said: EngineHealth) -> EngineHealth:
    return msgspec.structs.replace(
        said,
        started_at=_within(said.started_at, 0, LAST_TIME),
        reason=None if said.reason is None else plain_text(said.reason, OUTPUT_CHARACTERS),
    )


def _balancers(said: BalancerReport) -> BalancerReport:
    """The last word about each target and each balancer counts."""
    if len(said.targets) > TARGETS or len(said.refusals) > TARGETS:
        raise Unsound(f"targets, refusals: at most {TARGETS} of each are taken")
    targets = {
        (each.instance, each.backend, each.target): each
        for each in said.targets
        if _are_ids(each.instance, each.backend, each.target) and _is_time(each.at)
    }
    refusals = {each.instance: each for each in said.refusals if _are_ids(each.instance) and _is_time(each.at)}
    return BalancerReport(
        targets=[_target(each) for each in targets.values()],
        refusals=[_refusal(each) for each in refusals.values()],
        complete=said.complete,
    )


def _target(said: TargetEdge) -> TargetEdge:
    reason = None if said.reason is None else plain_text(said.reason, REASON_CHARACTERS)
    return msgspec.structs.replace(said, reason=reason)


def _refusal(said: Refusal) -> Refusal:
    reason = None if said.reason is None else plain_text(said.reason, REASON_CHARACTERS)
    return msgspec.structs.replace(said, reason=reason, line=_within(said.line, 1, LAST_TIME))


def _figures(said: BalancerFigures) -> BalancerFigures:
    if sum(map(len, said.backends.values())) > TARGETS:
        raise Unsound(f"backends: at most {TARGETS} targets are taken")
    return BalancerFigures(
        backends={
            backend: {target: _counted(figures) for target, figures in targets.items() if _are_ids(target)}
            for backend, targets in said.backends.items()
            if _are_ids(backend)
        }
    )


def _counted(said: TargetFigures) -> TargetFigures:
    return TargetFigures(
        state=said.state,
        sessions=_within(said.sessions, 0, LAST_TIME) or 0,
        requests=_within(said.requests, 0, LAST_TIME) or 0,
        errors=_within(said.errors, 0, LAST_TIME) or 0,
        bytes_in=_within(said.bytes_in, 0, LAST_TIME) or 0,
        bytes_out=_within(said.bytes_out, 0, LAST_TIME) or 0,
    )


def _are_ids(*values: str) -> bool:
    return all(ID.fullmatch(value) for value in values)


def _asked(said: MetadataAsked) -> MetadataAsked:
    return MetadataAsked(reached=_within(said.reached, 0, LAST_TIME) or 0)


def _is_time(value: int) -> bool:
    return 0 <= value <= LAST_TIME


def _peer(said: PeerState) -> PeerState:
    return msgspec.structs.replace(
        said,
        rtt_ms=_within(said.rtt_ms, 0.0, 1e6),
        age=_within(said.age, 0.0, float(LAST_TIME // 1000)) or 0.0,
        last_probe=_within(said.last_probe, 0, LAST_TIME) or 0,
        bytes_in=_within(said.bytes_in, 0, LAST_TIME) or 0,
        bytes_out=_within(said.bytes_out, 0, LAST_TIME) or 0,
    )


def _activated(said: Activated) -> Activated:
    return msgspec.structs.replace(
        said,
        external_id=_id("externalId", said.external_id),
        state=plain_text(said.state, FACT_CHARACTERS),
        started=_required("started", _within(said.started, 0, LAST_TIME)),
        address=address(said.address),
    )


def _silent(said: PeerSilent) -> PeerSilent:
    _id("peer", said.peer)
    return said


def _applied(said: ConfigApplied) -> ConfigApplied:
    errors = {
        plain_text(name, NAME_CHARACTERS): plain_text(reason, REASON_CHARACTERS) for name, reason in said.errors.items()
    }
    return ConfigApplied(applied=said.applied, errors=errors)


_CHECKS: Final[Mapping[type[Message], Callable[[Any], Any]]] = {
    Container: _container,
    HostFacts: _facts,
    Hello: _hello,
    HealthChange: _health,
    MeshEdge: _edge,
    MeshSummary: _summary,
    MetadataAsked: _asked,
    PeerSilent: _silent,
    Activated: _activated,
    ConfigApplied: _applied,
    BalancerReport: _balancers,
    BalancerFigures: _figures,
    Drained: lambda said: Drained(left=_within(said.left, 0, LAST_TIME) or 0),
}


# -- values -----------------------------------------------------------------------------------------------------------


def _id(key: str, value: str) -> str:
    if not ID.fullmatch(value):
        raise Unsound(f"{key}: letters, digits, '.', '_' and '-' are expected, at most 128")
    return value


def _required(key: str, value: N | None) -> N:
    if value is None:
        raise Unsound(f"{key}: out of range")
    return value


def _within(value: N | None, lowest: N, highest: N) -> N | None:
    return value if value is not None and lowest <= value <= highest else None


def _fact(value: str | None) -> str | None:
    return None if value is None else plain_text(value, FACT_CHARACTERS)


def _outer(value: str) -> str | None:
    """An address at which another host can be reached."""
    found = address(value)
    if found is None:
        return None
    parsed = ipaddress.IPv4Address(found)
    unusable = parsed.is_unspecified or parsed.is_multicast or parsed.is_loopback or found == "255.255.255.255"
    return None if unusable else found


def _labels(said: Mapping[str, str]) -> dict[str, str]:
    """The first labels, as far as there is room."""
    kept: dict[str, str] = {}
    room = LABEL_BYTES
    for key, value in said.items():
        if len(kept) == LABELS:
            break
        size = len(key.encode()) + len(value.encode())
        if 0 < len(key) <= NAME_CHARACTERS and len(value) <= LABEL_CHARACTERS and size <= room:
            room -= size
            kept[plain_text(key, NAME_CHARACTERS)] = value.replace("\0", " ")
    return kept
