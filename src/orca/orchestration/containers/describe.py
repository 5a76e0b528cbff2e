# SPDX-License-Identifier: Apache-2.0
"""Describe a container for its agent, from its rows to the data of ``compute.instance.activate``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orca import wire
from orca.orchestration.placement import marks
from orca.orchestration.placement.belongings import mode_of
from orca.orchestration.placement.joined import CONTAINER
from orca.orchestration.syntax.labels import CONTAINER_IP, CONTAINER_NAME, CONTAINER_UUID, HOSTNAME
from orca.resources import rows
from orca.storage.references import image_reference
from orca.wire import names

DEFAULT_RESTART_COUNT = 0


def describe(
    instance: rows.Instance,
    ports: Sequence[rows.Port],
    address: str | None,
    volumes: Sequence[str],
    *,
    named_volumes: Sequence[wire.NamedVolume] = (),
    log_config: wire.LogConfig | None = None,
    owner: rows.Instance | None = None,
    sources: Sequence[rows.Instance] = (),
    fenced: bool = False,
) -> wire.Instance:
    """Describe the container for its agent; ``address`` is its managed address, None in Docker's own networks.

    ``owner`` is the container whose network it shares, ``sources`` are those whose volumes it takes.
    ``fenced``: it must never run on two hosts.
    """
    labels = {
        **(instance.labels or {}),
        names.LABEL_INSTANCE_UUID: instance.uuid,
        CONTAINER_UUID: instance.uuid,
        CONTAINER_NAME: instance.name or "",
    }
    if address is not None:
        labels[CONTAINER_IP] = address
    given = None if labels.get(HOSTNAME) == "container_name" else instance.hostname
    return wire.Instance(
        uuid=instance.uuid,
        name=instance.name or f"r-{instance.uuid[:8]}",
        image=image_reference(instance.imageUuid),
        command=instance.command,
        entry_point=instance.entryPoint,
        environment=instance.environment or {},
        labels=labels,
        # A shared network comes with the owner's name.
        hostname="" if owner is not None else given or hostname(instance.name or instance.uuid[:8]),
        user=instance.user,
        working_dir=instance.workingDir,
        tty=bool(instance.tty),
        stdin_open=bool(instance.stdinOpen),
        volumes=list(volumes),
        named_volumes=list(named_volumes),
        volumes_from=[source.externalId for source in sources if source.externalId is not None],
        memory=instance.memory,
        cpu_shares=instance.cpuShares,
        privileged=bool(instance.privileged),
        cap_add=instance.capAdd or [],
        cap_drop=instance.capDrop or [],
        restart_policy=_restart_policy(instance.restartPolicy),
        network_mode=mode_of(instance) if owner is None else f"{CONTAINER}:{owner.externalId}",
        address=address,
        # No search domain of the stack, since with one the short names of unlinked services would resolve.
        dns_search=instance.dnsSearch or [],
        ports=[_published(port, port.publicPort) for port in ports if port.publicPort],
        dns=instance.dns or [],
        domain_name=instance.domainName,
        extra_hosts=instance.extraHosts or [],
        cpu_set=instance.cpuSet,
        memory_swap=instance.memorySwap,
        devices=instance.devices or [],
        pid_mode=instance.pidMode,
        read_only=bool(instance.readOnly),
        security_opt=instance.securityOpt or [],
        volume_driver=instance.volumeDriver,
        log_config=log_config,
        balancer=marks.is_balancer(instance),
        engine_check=_engine_check(instance.engineHealthCheck),
        fenced=fenced,
    )


def hostname(name: str) -> str:
    """A container's name as a host name: at most 63 characters, no underscores."""
    return name.replace("_", "-").replace(".", "-")[:63].strip("-")


def _restart_policy(policy: dict[str, Any] | None) -> wire.RestartPolicy | None:
    if not policy or not policy.get("name"):
        return None
    return wire.RestartPolicy(
        name=policy["name"], maximum_retry_count=policy.get("maximumRetryCount") or DEFAULT_RESTART_COUNT
    )


def _engine_check(check: dict[str, Any] | None) -> wire.EngineCheck | None:
    if not check:
        return None
    return wire.EngineCheck(
        test=check.get("test"),
        interval=check.get("interval"),
        timeout=check.get("timeout"),
        retries=check.get("retries"),
        start_period=check.get("startPeriod"),
        start_interval=check.get("startInterval"),
    )


def _published(port: rows.Port, public: int) -> wire.PublishedPort:
    bind = port.bindAddress if port.bindAddress and port.bindAddress != "0.0.0.0" else ""  # noqa: S104 - the wire's wildcard is empty
    return wire.PublishedPort(
        public_port=public, private_port=port.privatePort, protocol=port.protocol, bind_address=bind
    )
