# SPDX-License-Identifier: Apache-2.0
"""The fields of a container's description that give power over its host; pure.

A container with one of these is, or may become, root on the host, and so controls all other containers there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

DEFAULT_CAPABILITIES = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
"""The capabilities that the engine gives every container. Source: github.com/moby/moby,
daemon/pkg/oci/caps/defaults.go.
"""
HARMLESS_OPTIONS = frozenset({"no-new-privileges", "no-new-privileges:true", "no-new-privileges=true"})
"""Values of ``securityOpt`` that take power away."""
LOCAL = "local"
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "tmpfs"})
"""Types that the ``local`` driver may mount, because they do not show the host."""
_LOCAL_SCHEMES = frozenset({"unix", "unixgram", "file"})
"""Schemes of addresses that are files of the host."""
_NAMES_OF_FILES = ("cert", "key", "path")
"""Ends of the names of a log driver's options that are paths, also relative ones: ``syslog-tls-key``,
``splunk-capath``.
"""
NOT_OF_TYPE = frozenset({"bind", "rbind", "move", "remount"})
"""Mount options with which the kernel ignores the type: the device is a path of the host, also a relative one.

Source: mount(2), MS_BIND, MS_MOVE and MS_REMOUNT; the ``local`` driver hands them on.
"""


def host_powers(launch: Mapping[str, Any]) -> list[str]:
    """The fields of a launch config or container that give power over the host, in a fixed order."""
    return [field for field, gives in POWERS.items() if launch.get(field) and gives(launch[field])]


def host_options(driver: str | None, options: Mapping[str, Any] | None) -> list[str]:
    """The options of a volume's driver that reach into the host: its paths, and file systems that show it."""
    given = {name: str(value) for name, value in (options or {}).items()}
    found = [name for name, value in given.items() if _names_path(name, value, given.get("type"))]
    mounts = (driver or LOCAL) == LOCAL and given.keys() & {"type", "device", "o"}
    if mounts and given.get("type") not in NETWORK_FILE_SYSTEMS:
        found.append("type" if "type" in given else "o")
    if mounts and NOT_OF_TYPE.intersection(given.get("o", "").split(",")):
        found.append("o")
    return sorted(set(found))


def _names_path(name: str, value: str, type: str | None) -> bool:
    if name == "device" and type in ("cifs", "smb3") and value.startswith("//"):
        return False  # a share: //server/name
    return any(part.rpartition("=")[2].startswith("/") for part in value.split(","))


def _beyond_default(capabilities: Iterable[str]) -> bool:
    names = (str(name).upper().removeprefix("CAP_") for name in capabilities)
    return any(name not in DEFAULT_CAPABILITIES for name in names)


def _host_path(mounts: Iterable[str]) -> bool:
    return any(source_of(text).startswith("/") for text in mounts)


def source_of(mount: str) -> str:
    """The source of a mount, also of an unchecked one: a path of the host, a name, or nothing."""
    source, colon, _ = str(mount).partition(":")
    return source if colon else ""


def _weakens(options: Iterable[str]) -> bool:
    return not HARMLESS_OPTIONS.issuperset(options)


def _reaches_files(log: Mapping[str, Any]) -> bool:
    """True if a log driver reads files of the host, or writes to a socket there."""
    options = {str(name).lower(): str(value) for name, value in (log.get("config") or {}).items()}
    named = any(name.endswith(_NAMES_OF_FILES) for name in options)
    # The engine reads a scheme without regard to case.
    return named or any(
        value.startswith("/") or value.partition(":")[0].lower() in _LOCAL_SCHEMES for value in options.values()
    )


POWERS: Mapping[str, Callable[[Any], bool]] = {
    "privileged": bool,
    "pidMode": lambda mode: mode == "host",
    "networkMode": lambda mode: mode == "host",
    "devices": bool,
    "capAdd": _beyond_default,
    "dataVolumes": _host_path,
    "securityOpt": _weakens,
    "lxcConf": bool,
    "logConfig": _reaches_files,
}
"""By field: whether a value gives power over the host. The engine's socket is a host path."""
