# SPDX-License-Identifier: Apache-2.0
"""What each key of a compose service means: one function per form of value, one table from key to API field."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from orca.orchestration import ports

_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$", re.IGNORECASE)
_FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_RESTART = re.compile(r"^(no|always|unless-stopped|on-failure)(?::(\d+))?$")
_NETWORK_MODES = {"managed", "bridge", "host", "none"}
_IGNORED = {"container_name", "depends_on"}
"""Accepted without effect: the platform names containers, and a service waits for what it needs by retrying."""
_UNHONOURED_LABELS = ("io.rancher.sidekicks",)


class ComposeError(ValueError):
    """The compose text cannot be used; the message names the service and the key."""


def strings(service: str, key: str, value: Any) -> list[str]:
    """A list of texts; one text stands for a list of one."""
    if value is None:
        return []
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, dict | list) or item is None for item in items):
        raise ComposeError(f"service {service!r}: {key}: a list of texts is expected")
    return [_text(item) for item in items]


def launch_config(service: str, body: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the launch config (API field names) of the compose service `body`.

    Raises:
        ComposeError: an unknown key, a value of the wrong form, no image.
    """
    config: dict[str, Any] = {}
    for key, value in body.items():
        if key in _IGNORED or str(key).startswith("x-"):
            continue
        if key == "environment":
            config["environment"] = _environment(service, value, variables)
            continue
        entry = _KEYS.get(str(key))
        if entry is None:
            raise ComposeError(f"service {service!r}: unsupported config option {key!r}")
        if value is not None:
            field, read = entry
            config[field] = read(service, str(key), value)
    if not config.get("imageUuid"):
        raise ComposeError(f"service {service!r}: image: is required")
    for label in config.get("labels", {}):
        if label.startswith(_UNHONOURED_LABELS):
            raise ComposeError(f"service {service!r}: labels: {label!r} is not supported")
    return config


def _text(value: Any) -> str:
    """A YAML scalar as the text a shell would see: YAML's true is `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _string(service: str, key: str, value: Any) -> str:
    if isinstance(value, dict | list):
        raise ComposeError(f"service {service!r}: {key}: a text is expected")
    return _text(value)


def _boolean(service: str, key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ComposeError(f"service {service!r}: {key}: true or false is expected")
    return value


def _integer(service: str, key: str, value: Any) -> int:
    try:
        return int(_string(service, key, value))
    except ValueError as error:
        raise ComposeError(f"service {service!r}: {key}: a number is expected, not {value!r}") from error


def _bytes(service: str, key: str, value: Any) -> int:
    match = _SIZE.match(_string(service, key, value).strip())
    if match is None:
        raise ComposeError(f"service {service!r}: {key}: a size such as 512m is expected, not {value!r}")
    return int(float(match[1]) * _FACTOR[match[2].lower()])


def _argv(service: str, key: str, value: Any) -> list[str]:
    """A command: a list as it is, a text split as a shell would."""
    if isinstance(value, list):
        return strings(service, key, value)
    try:
        return shlex.split(_string(service, key, value))
    except ValueError as error:
        raise ComposeError(f"service {service!r}: {key}: {error}") from error


def _image(service: str, key: str, value: Any) -> str:
    image = _string(service, key, value).strip()
    if not image or re.search(r"\s", image):
        raise ComposeError(f"service {service!r}: {key}: {value!r} is not an image name")
    return image if image.startswith("docker:") else f"docker:{image}"


def _mapping(service: str, key: str, value: Any) -> dict[str, str]:
    """A map, or a list of `name=value`."""
    if isinstance(value, dict):
        pairs = value.items()
        if any(isinstance(inner, dict | list) for _, inner in pairs):
            raise ComposeError(f"service {service!r}: {key}: values must be texts")
        return {str(name): "" if inner is None else _text(inner) for name, inner in pairs}
    result = {}
    for item in strings(service, key, value):
        name, _, inner = item.partition("=")
        result[name] = inner
    return result


def _environment(service: str, value: Any, variables: Mapping[str, str]) -> dict[str, str]:
    """As `_mapping`; a bare name takes the stack's variable of that name and is left out when there is none."""
    result = {} if value is None else _mapping(service, "environment", value)
    items = value if isinstance(value, list) else []
    bare = {str(item) for item in items if "=" not in str(item)}
    if isinstance(value, dict):
        bare = {str(name) for name, inner in value.items() if inner is None}
    for name in bare:
        if name in variables:
            result[name] = variables[name]
        else:
            result.pop(name, None)
    return result


def _ports(service: str, key: str, value: Any) -> list[str]:
    items = value if isinstance(value, list) else [value]
    result = []
    for item in items:
        text = _long_port(service, key, item) if isinstance(item, dict) else _string(service, key, item)
        try:
            result += [str(port) for port in ports.parse(text)]
        except ports.PortWrongFormat as error:
            raise ComposeError(f"service {service!r}: {key}: {error}") from error
    return result


def _long_port(service: str, key: str, item: dict[str, Any]) -> str:
    """The long form of compose v3 as the short one."""
    unknown = set(item) - {"target", "published", "protocol", "host_ip", "mode"}
    if unknown or "target" not in item:
        raise ComposeError(f"service {service!r}: {key}: {item!r} has not the form target/published/protocol/host_ip")
    bind = f"{item['host_ip']}:" if item.get("host_ip") else ""
    public = f"{item['published']}:" if item.get("published") else ""
    return f"{bind}{public}{item['target']}/{item.get('protocol', 'tcp')}"


def _volumes(service: str, key: str, value: Any) -> list[str]:
    result = strings(service, key, value)
    for volume in result:
        source, colon, _ = volume.partition(":")
        if colon and source.startswith((".", "~")):
            raise ComposeError(
                f"service {service!r}: {key}: {volume!r}: a relative path means nothing on another machine"
            )
    return result


def _restart(service: str, key: str, value: Any) -> dict[str, Any]:
    # YAML reads a bare `no` as false.
    text = "no" if value is False else _string(service, key, value)
    match = _RESTART.match(text)
    if match is None:
        raise ComposeError(f"service {service!r}: {key}: {text!r} is not no, always, unless-stopped or on-failure[:n]")
    policy: dict[str, Any] = {"name": match[1]}
    if match[2]:
        policy["maximumRetryCount"] = int(match[2])
    return policy


def _network(service: str, key: str, value: Any) -> str:
    mode = _string(service, key, value)
    if mode not in _NETWORK_MODES:
        raise ComposeError(f"service {service!r}: {key}: {mode!r} is none of {', '.join(sorted(_NETWORK_MODES))}")
    return mode


_KEYS: Mapping[str, tuple[str, Callable[[str, str, Any], Any]]] = {
    "image": ("imageUuid", _image),
    "command": ("command", _argv),
    "entrypoint": ("entryPoint", _argv),
    "labels": ("labels", _mapping),
    "ports": ("ports", _ports),
    "expose": ("expose", strings),
    "volumes": ("dataVolumes", _volumes),
    "restart": ("restartPolicy", _restart),
    "hostname": ("hostname", _string),
    "user": ("user", _string),
    "working_dir": ("workingDir", _string),
    "tty": ("tty", _boolean),
    "stdin_open": ("stdinOpen", _boolean),
    "mem_limit": ("memory", _bytes),
    "cpu_shares": ("cpuShares", _integer),
    "privileged": ("privileged", _boolean),
    "cap_add": ("capAdd", strings),
    "cap_drop": ("capDrop", strings),
    "net": ("networkMode", _network),
    "network_mode": ("networkMode", _network),
    "dns_search": ("dnsSearch", strings),
}
