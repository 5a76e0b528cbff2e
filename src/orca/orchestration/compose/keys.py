# SPDX-License-Identifier: Apache-2.0
"""The meaning of each key of compose files: one table from key to API field, for reading and for writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from orca.orchestration.compose import healthcheck, values
from orca.orchestration.compose.errors import Findings, Wrong
from orca.orchestration.compose.tree import Node
from orca.resources.tables import snake
from orca.resources.views import TypeView, view
from orca.storage.references import image_reference

IGNORED = frozenset({"container_name", "depends_on"})
"""Accepted without effect: the platform names containers, and a service that needs another one retries."""


def declared() -> Mapping[str, TypeView]:
    """The declaration of a type, as the owner of a project sees it."""
    return view("owner", "v2").types


@dataclass(frozen=True, slots=True)
class Key:
    """The API field of a key, how its value is read, and how it is written.

    ``part``: the key says only this part of the field, which is an object.
    """

    field: str
    read: Callable[[Node], Any]
    write: Callable[[Any], Any] = lambda value: value
    part: str = ""


def _record(field: str, type: str, *only: str) -> Key:
    """An object of a type that the API declares, with compose's spelling of its fields."""
    return Key(field, partial(_read_record, type, only), _write_record)


def _read_record(type: str, only: tuple[str, ...], node: Node) -> dict[str, Any]:
    types = declared()
    fields = types[type].fields
    names = {snake(name): name for name in only or fields}
    result: dict[str, Any] = {}
    for key, given in node.entries().items():
        if key not in names:
            raise Wrong(given.named, f"unsupported config option {key!r}")
        part = fields[names[key]].field.type
        try:
            result[names[key]] = _read_part(part, given)
        except Wrong as error:
            raise Wrong(error.place, f"{key}: {error.message}") from error
    return result


def _read_part(type: str, node: Node) -> Any:
    if node.value is not None and type in declared():
        return _read_record(type, (), node)
    if node.value is not None and type in ("string", "enum"):
        return values.string(node)
    return values.json(node)


def _write_record(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {snake(name): _write_record(inner) for name, inner in value.items() if inner is not None}


def _write_restart(policy: dict[str, Any]) -> str | None:
    count = policy.get("maximumRetryCount")
    return f"{policy['name']}:{count}" if count and policy.get("name") else policy.get("name")


LAUNCH: Mapping[str, Key] = {
    "image": Key("imageUuid", values.image, image_reference),
    "command": Key("command", values.argv),
    "entrypoint": Key("entryPoint", values.argv),
    "environment": Key("environment", values.json_mapping),
    "ports": Key("ports", values.published),
    "expose": Key("expose", values.strings),
    "volumes": Key("dataVolumes", values.volumes),
    "volumes_from": Key("dataVolumesFromLaunchConfigs", values.strings),
    "restart": Key("restartPolicy", values.restart, _write_restart),
    "healthcheck": Key("engineHealthCheck", healthcheck.read, healthcheck.write),
    "hostname": Key("hostname", values.optional),
    "user": Key("user", values.optional),
    "working_dir": Key("workingDir", values.optional),
    "tty": Key("tty", values.boolean),
    "stdin_open": Key("stdinOpen", values.boolean),
    "mem_limit": Key("memory", values.size),
    "cpu_shares": Key("cpuShares", values.integer),
    "privileged": Key("privileged", values.boolean),
    "cap_add": Key("capAdd", values.strings),
    "cap_drop": Key("capDrop", values.strings),
    "net": Key("networkMode", values.network),
    "network_mode": Key("networkMode", values.network),
    "pid": Key("pidMode", values.optional),
    "dns": Key("dns", values.strings),
    "dns_search": Key("dnsSearch", values.strings),
    "domainname": Key("domainName", values.optional),
    "extra_hosts": Key("extraHosts", values.extra_hosts),
    "cpuset": Key("cpuSet", values.optional),
    "memswap_limit": Key("memorySwap", values.size),
    "devices": Key("devices", values.strings),
    "read_only": Key("readOnly", values.boolean),
    "security_opt": Key("securityOpt", values.strings),
    "volume_driver": Key("volumeDriver", values.optional),
    "log_driver": Key("logConfig", values.optional, part="driver"),
    "log_opt": Key("logConfig", values.options, part="config"),
    "lxc_conf": Key("lxcConf", values.options),
}
"""Keys of docker-compose: of one container of a service."""

HEALTH = {"health_check": _record("healthCheck", "instanceHealthCheck")}

_EVERY = {
    "metadata": Key("metadata", values.json_mapping),
    "start_on_create": Key("startOnCreate", values.boolean),
}
_WITH_CONTAINERS = {
    "scale": Key("scale", values.integer),
    "scale_policy": _record("scalePolicy", "scalePolicy"),
    "retain_ip": Key("retainIp", values.boolean),
    **_EVERY,
}
_BALANCER = {
    "load_balancer_config": _record(
        "loadBalancerConfig",
        "loadBalancerConfig",
        "appCookieStickinessPolicy",
        "haproxyConfig",
        "healthCheck",
        "lbCookieStickinessPolicy",
    )
}
_EXTERNAL = {
    "external_ips": Key("externalIpAddresses", values.strings),
    "hostname": Key("hostname", values.optional),
    **HEALTH,
}
_STRATEGY = {"upgrade_strategy": _record("", "inServiceUpgradeStrategy", "batchSize", "intervalMillis", "startFirst")}
_CERTIFICATES = {
    "default_cert": Key("defaultCertificateId", values.string),
    "certs": Key("certificateIds", values.strings),
}


@dataclass(frozen=True, kw_only=True)
class ServiceKeys:
    """The keys of a type of service, by their destination.

    ``image``: the image that marks this type. ``launch``: keys of docker-compose for the launch config (labels are for
    every type). All others are keys of rancher-compose: ``health`` for the launch config, ``service`` for the service
    itself, ``certificates`` for other resources by name, ``strategy`` for the stack's upgrade.
    """

    image: str = ""
    launch: Mapping[str, Key] = field(default_factory=dict)
    health: Mapping[str, Key] = field(default_factory=dict)
    service: Mapping[str, Key]
    certificates: Mapping[str, Key] = field(default_factory=dict)
    strategy: Mapping[str, Key] = field(default_factory=dict)

    @property
    def rancher(self) -> dict[str, Key]:
        """Every key of rancher-compose."""
        return {**self.service, **self.health, **self.certificates, **self.strategy}


SERVICE_KEYS: Mapping[str, ServiceKeys] = {
    "service": ServiceKeys(launch=LAUNCH, health=HEALTH, service=_WITH_CONTAINERS, strategy=_STRATEGY),
    "loadBalancerService": ServiceKeys(
        image="rancher/load-balancer-service",
        # Its ports are listeners, which have a form of their own.
        launch={**LAUNCH, "ports": Key("ports", values.strings)},
        health=HEALTH,
        service={**_WITH_CONTAINERS, **_BALANCER},
        certificates=_CERTIFICATES,
        strategy=_STRATEGY,
    ),
    "dnsService": ServiceKeys(image="rancher/dns-service", service=_EVERY),
    "externalService": ServiceKeys(image="rancher/external-service", service={**_EVERY, **_EXTERNAL}),
}


def read(service: str, body: Mapping[str, Node], keys: Mapping[str, Key], findings: Findings) -> dict[str, Any]:
    """Return the API fields of ``body``. Unknown keys and values of the wrong form go to ``findings``."""
    fields: dict[str, Any] = {}
    for key, node in body.items():
        entry = keys.get(key)
        if entry is None:
            findings.refuse(node.named, f"unsupported config option {key!r}", service)
            continue
        with findings.collect(service, key):
            value = None if node.value is None else entry.read(node)
            if value is not None and entry.part:
                fields.setdefault(entry.field, {})[entry.part] = value
            elif value is not None:
                fields[entry.field] = value
    return fields


def write(fields: Mapping[str, Any], keys: Mapping[str, Key]) -> dict[str, Any]:
    """Return the keys for ``fields``; of two keys for one field, the first."""
    body: dict[str, Any] = {}
    said: set[tuple[str, str]] = set()
    for key, entry in keys.items():
        value = fields.get(entry.field)
        if entry.part:
            value = (value or {}).get(entry.part)
        written = None if value is None else entry.write(value)
        if written is not None and (entry.field, entry.part) not in said:
            body[key] = written
            said.add((entry.field, entry.part))
    return body


def unsaid(fields: Iterable[str], keys: Mapping[str, Key]) -> list[str]:
    """Fields without a key."""
    return sorted(set(fields) - {entry.field for entry in keys.values()})


def key_of(field: str, keys: ServiceKeys) -> str:
    """The key of a field."""
    tables = (keys.rancher, keys.launch)
    return next((key for table in tables for key, entry in table.items() if entry.field == field), snake(field))
