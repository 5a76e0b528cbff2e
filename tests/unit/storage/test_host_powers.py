# SPDX-License-Identifier: Apache-2.0
"""What in a launch config gives power over the host."""

from __future__ import annotations

import pytest

from orca.resources.instance import CONTAINER_INPUT
from orca.resources.views import view
from orca.storage.host_powers import POWERS, host_options, host_powers

HARMLESS = {
    *("build", "capDrop", "command", "cpuSet", "cpuShares", "dns", "dnsSearch", "domainName", "entryPoint"),
    *("engineHealthCheck",),
    *("environment", "expose", "extraHosts", "healthCheck", "hostname", "imageUuid", "labels", "memory"),
    *("memorySwap", "ports", "publishAllPorts", "readOnly", "registryCredentialId", "requestedHostId"),
    *("restartPolicy", "startOnCreate", "stdinOpen", "tty", "user", "volumeDriver", "workingDir"),
}
SHARED = {"dataVolumeMounts", "dataVolumesFrom", "networkContainerId"}
"""What gives only what another row has: the rows are looked at."""
OF_ROWS = {
    *("accountId", "allocationState", "createIndex", "created", "data", "deploymentUnitUuid", "description"),
    *("externalId", "firstRunning", "healthState", "hostId", "id", "instanceTriggeredStop", "kind", "name"),
    *("nativeContainer", "primaryIpAddress", "removeTime", "removed", "startCount", "state", "systemContainer"),
    *("transitioning", "transitioningMessage", "transitioningProgress", "uuid", "version", "agentId", "exitCode"),
    *("serviceId", "environmentId", "placement", "requestedIpAddress", "primaryNetworkId"),
    *("healthSince", "healthReason", "engineHealth"),
}
BY_ID = {"count", "instanceLinks", "networkIds"}
OF_SERVICES = {"dataVolumesFromLaunchConfigs", "networkLaunchConfig"}
"""What names another launch config of the same service, which is looked at too."""


def test_every_field_that_can_be_given_is_decided_on() -> None:
    assert set(CONTAINER_INPUT) == HARMLESS | POWERS.keys() | {"dataVolumeMounts", "dataVolumesFrom"}
    types = view("superadmin", "v2").types
    given = {name for type in ("container", "launchConfig", "secondaryLaunchConfig") for name in types[type].fields}
    assert given == HARMLESS | POWERS.keys() | SHARED | OF_ROWS | BY_ID | OF_SERVICES


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("privileged", True),
        ("pidMode", "host"),
        ("networkMode", "host"),
        ("devices", ["/dev/sda:/dev/xvda:r"]),
        ("capAdd", ["SYS_ADMIN"]),
        ("capAdd", ["CHOWN", "ALL"]),
        ("capAdd", ["CAP_NET_ADMIN"]),
        ("capAdd", ["net_admin"]),
        ("dataVolumes", ["data:/data", "/etc:/etc:ro"]),
        ("dataVolumes", ["/var/run/docker.sock:/var/run/docker.sock"]),
        ("securityOpt", ["apparmor:unconfined"]),
        ("securityOpt", ["no-new-privileges", "seccomp=unconfined"]),
        ("lxcConf", {"lxc.aa_profile": "unconfined"}),
        ("logConfig", {"driver": "syslog", "config": {"syslog-address": "unixgram:///dev/log"}}),
        ("logConfig", {"driver": "syslog", "config": {"syslog-address": "UNIX:///dev/log"}}),
        ("logConfig", {"driver": "splunk", "config": {"splunk-capath": "/etc/shadow"}}),
        ("logConfig", {"driver": "splunk", "config": {"splunk-capath": "etc/shadow"}}),
        ("logConfig", {"driver": "syslog", "config": {"Syslog-TLS-Key": "root/key.pem"}}),
    ],
)
def test_what_gives_power_is_named(field: str, value: object) -> None:
    assert host_powers({"imageUuid": "docker:x", field: value}) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("privileged", False),
        ("privileged", None),
        ("networkMode", "managed"),
        ("networkMode", "bridge"),
        ("devices", []),
        ("capAdd", ["CHOWN", "NET_BIND_SERVICE"]),
        ("capDrop", ["ALL"]),
        ("dataVolumes", ["/data", "data:/data:ro"]),
        ("securityOpt", ["no-new-privileges:true"]),
        ("logConfig", {"driver": "syslog", "config": {"syslog-address": "udp://192.0.2.1:514", "tag": "a/b"}}),
        ("logConfig", {"driver": "none", "config": None}),
    ],
)
def test_what_gives_none_is_not(field: str, value: object) -> None:
    assert host_powers({"imageUuid": "docker:x", field: value}) == []


@pytest.mark.parametrize(
    ("driver", "options", "found"),
    [
        ("local", None, []),
        ("local", {"type": "nfs", "device": ":/export", "o": "addr=192.0.2.1,rw"}, []),
        ("local", {"type": "cifs", "device": "//server/share", "o": "username=u,password=p"}, []),
        ("local", {"type": "tmpfs", "device": "tmpfs", "o": "size=100m"}, []),
        ("local", {"type": "none", "device": "/etc", "o": "bind"}, ["device", "o", "type"]),
        ("local", {"device": "etc", "o": "bind"}, ["o"]),
        ("local", {"type": "tmpfs", "device": "root", "o": "bind"}, ["o"]),
        ("local", {"type": "nfs", "device": "etc", "o": "addr=192.0.2.1,rbind"}, ["o"]),
        ("local", {"type": "tmpfs", "device": "etc", "o": "ro,remount"}, ["o"]),
        ("local", {"type": "ext4", "device": "/dev/sda1"}, ["device", "type"]),
        ("local", {"type": "devtmpfs", "device": "x"}, ["type"]),
        ("local", {"type": "nfs", "device": "//etc"}, ["device"]),
        ("local", {"type": "overlay", "device": "overlay", "o": "lowerdir=/etc,upperdir=u"}, ["o", "type"]),
        ("local", {"type": "cifs", "device": "//server/share", "o": "credentials=/root/secret"}, ["o"]),
        ("local-persist", {"mountpoint": "/etc"}, ["mountpoint"]),
        ("rexray", {"size": "10"}, []),
    ],
)
def test_options_of_volumes_that_reach_into_the_host(driver: str, options: dict[str, str], found: list[str]) -> None:
    assert host_options(driver, options) == found
