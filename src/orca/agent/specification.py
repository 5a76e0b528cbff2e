# SPDX-License-Identifier: Apache-2.0
"""Translate between the wire's containers and Docker's documents; pure."""

from datetime import datetime
from pathlib import Path
from typing import Any

from orca.hoststate.plan.balancer_container import STOP_SIGNAL, SYSCTLS
from orca.hoststate.plan.network import DOCKER_NETWORK
from orca.wire import Container, ContainerState, ContainerStatus, EngineCheck, Instance, names

MANAGED = "managed"

_STATES: dict[str, ContainerState] = {
    "created": "created",
    "running": "running",
    "paused": "running",
    "restarting": "running",
    "exited": "stopped",
    "dead": "stopped",
    "removing": "removed",
}


def container(instance: Instance, resolv_conf: Path | None) -> tuple[dict[str, Any], str]:
    """Return the body of ``POST /containers/create`` and the container's name.

    Docker binds no port: the firewall publishes ports, so that they keep the client's address and can change while the
    container runs. Docker does not start it again either: the agent does (``restarts``).

    Args:
        instance: what is wanted.
        resolv_conf: the host's file that becomes ``/etc/resolv.conf``; None leaves it to Docker. On the managed network
            Docker's own embedded resolver would answer names of every container there.
    """
    binds = [volume for volume in instance.volumes if ":" in volume]
    host_config: dict[str, Any] = {
        "Binds": binds,
        "VolumesFrom": instance.volumes_from,
        "NetworkMode": instance.network_mode,
        "Privileged": instance.privileged,
        "CapAdd": instance.cap_add,
        "CapDrop": instance.cap_drop,
    }
    body: dict[str, Any] = {
        "Image": instance.image,
        "Cmd": instance.command,
        "Entrypoint": instance.entry_point,
        "Env": [f"{key}={value}" for key, value in instance.environment.items()],
        "Labels": {**instance.labels, names.LABEL_INSTANCE_UUID: instance.uuid},
        "Hostname": instance.hostname,
        "Domainname": "" if instance.network_mode.startswith("container:") else instance.domain_name or "",
        "User": instance.user or "",
        "WorkingDir": instance.working_dir or "",
        "Tty": instance.tty,
        "OpenStdin": instance.stdin_open,
        "Volumes": {volume: {} for volume in instance.volumes if ":" not in volume},
        "HostConfig": host_config,
    }
    if instance.engine_check is not None:
        body["Healthcheck"] = _engine_check(instance.engine_check)
    if instance.balancer:
        body["StopSignal"] = STOP_SIGNAL
    host_config |= _further(instance, own_resolv_conf=resolv_conf is not None)
    if resolv_conf is not None:
        binds.append(f"{resolv_conf}:/etc/resolv.conf:ro")
    if instance.memory is not None:
        host_config["Memory"] = instance.memory
    if instance.cpu_shares is not None:
        host_config["CpuShares"] = instance.cpu_shares
    if instance.network_mode == MANAGED:
        host_config["NetworkMode"] = DOCKER_NETWORK
        endpoint = {"IPAMConfig": {"IPv4Address": instance.address}} if instance.address else {}
        body["NetworkingConfig"] = {"EndpointsConfig": {DOCKER_NETWORK: endpoint}}
    return body, names.container_name(instance.name, instance.uuid)


def is_left_behind(instance: Instance, row: dict[str, Any]) -> bool:
    """True if a container would join the network of one that its owner no longer is, and cannot be started any more.

    Args:
        instance: what is wanted.
        row: the container's entry in the engine's list.
    """
    shares = instance.network_mode.startswith("container:")
    return shares and row["State"] != "running" and row["HostConfig"]["NetworkMode"] != instance.network_mode


def _further(instance: Instance, *, own_resolv_conf: bool) -> dict[str, Any]:
    """What the host's configuration says only if it is given.

    Resolvers and search domains are in ``own_resolv_conf``. A container that joins another one's network has the names
    of that one, and Docker refuses others.
    """
    joins, log = instance.network_mode.startswith("container:"), instance.log_config
    resolves = not (joins or own_resolv_conf)
    found = {
        "CpusetCpus": instance.cpu_set,
        "Devices": [_device(text) for text in instance.devices],
        "Dns": instance.dns if resolves else None,
        "DnsSearch": instance.dns_search if resolves else None,
        "ExtraHosts": None if joins else instance.extra_hosts,
        "LogConfig": None if log is None else {"Type": log.driver, "Config": log.options},
        "MemorySwap": instance.memory_swap,
        "PidMode": instance.pid_mode,
        "ReadonlyRootfs": instance.read_only,
        "SecurityOpt": instance.security_opt,
        "Sysctls": dict(SYSCTLS) if instance.balancer else None,
        "VolumeDriver": instance.volume_driver,
    }
    return {name: value for name, value in found.items() if value}


def _engine_check(check: EngineCheck) -> dict[str, Any]:
    """A check in Docker's form, whose times are nanoseconds; Docker takes what is missing from the image."""
    times = {
        "Interval": check.interval,
        "Timeout": check.timeout,
        "StartPeriod": check.start_period,
        "StartInterval": check.start_interval,
    }
    found = {"Test": check.test, "Retries": check.retries}
    found |= {name: value * 1_000_000 for name, value in times.items() if value}
    return {name: value for name, value in found.items() if value}


def _device(text: str) -> dict[str, str]:
    """``/host[:/path[:rwm]]`` in Docker's form."""
    host, _, rest = text.partition(":")
    path, _, permissions = rest.partition(":")
    return {"PathOnHost": host, "PathInContainer": path or host, "CgroupPermissions": permissions or "rwm"}


def report(document: dict[str, Any], status: ContainerStatus | None = None, *, restarting: bool = False) -> Container:
    """Return the wire's form of Docker's inspect document; a container that is about to start again counts as
    running.
    """
    state, labels = document["State"], document["Config"].get("Labels") or {}
    running = "running" if restarting else _STATES.get(state["Status"], "stopped")
    return Container(
        external_id=document["Id"],
        uuid=labels.get(names.LABEL_INSTANCE_UUID),
        name=document["Name"].lstrip("/"),
        image=document["Config"]["Image"],
        state=running,
        status=status,
        exit_code=state["ExitCode"] if running == "stopped" else None,
        started_at=milliseconds(state["StartedAt"]),
        address=address_of(document),
        labels=labels,
        system=part_of_platform(document),
        network_mode=network_mode(document),
    )


def is_checked(document: dict[str, Any]) -> bool:
    """True if the engine checks the container of Docker's document with a command."""
    return bool((document["State"].get("Health") or {}).get("Status", "none") != "none")


def network_mode(document: dict[str, Any]) -> str:
    """Return how a container is connected, in the words of ``Instance.network_mode``; Docker's own networks that users
    made by hand keep their names.
    """
    mode = str(document.get("HostConfig", {}).get("NetworkMode", ""))
    return {DOCKER_NETWORK: MANAGED, "default": "bridge"}.get(mode, mode)


def part_of_platform(document: dict[str, Any]) -> str:
    """Return which part of the platform a container is (agent, net, dns); empty for all other containers.

    A container of an instance is a user's, whatever labels its image has.
    """
    labels = document["Config"].get("Labels") or {}
    return "" if labels.get(names.LABEL_INSTANCE_UUID) else str(labels.get(names.LABEL_SYSTEM, ""))


def address_of(document: dict[str, Any]) -> str | None:
    """Return the container's IPv4 address: on our network if it has one there, else on any.

    A container that does not run has none, unless it has a fixed one.
    """
    networks: dict[str, Any] = document["NetworkSettings"].get("Networks") or {}
    ordered = sorted(networks.items(), key=lambda entry: entry[0] != DOCKER_NETWORK)
    found = (
        endpoint.get("IPAddress") or (endpoint.get("IPAMConfig") or {}).get("IPv4Address") for _, endpoint in ordered
    )
    return next((address for address in found if address), None)


def milliseconds(timestamp: str) -> int | None:
    """Return Docker's RFC 3339 time as UTC milliseconds; None for its zero time, year 1 ("never")."""
    if timestamp.startswith("0001-"):
        return None
    return int(datetime.fromisoformat(timestamp).timestamp() * 1000)
