# SPDX-License-Identifier: Apache-2.0
"""The values of compose files: one function per form, from YAML to what the API calls it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from orca.orchestration import ports

_SIZE = re.compile(r"^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$", re.IGNORECASE)
_FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_RESTART = re.compile(r"^(no|always|unless-stopped|on-failure)(?::(\d+))?$")
_NETWORK_MODES = {"managed", "bridge", "host", "none"}


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


def _text(value: Any) -> str:
    """A YAML scalar as the text a shell would see: YAML's true is `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def string(service: str, key: str, value: Any) -> str:
    """A text."""
    if isinstance(value, dict | list):
        raise ComposeError(f"service {service!r}: {key}: a text is expected")
    return _text(value)


def boolean(service: str, key: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ComposeError(f"service {service!r}: {key}: true or false is expected")
    return value


def integer(service: str, key: str, value: Any) -> int:
    """A whole number."""
    try:
        return int(string(service, key, value))
    except ValueError as error:
        raise ComposeError(f"service {service!r}: {key}: a number is expected, not {value!r}") from error


def size(service: str, key: str, value: Any) -> int:
    """Bytes, with a unit or without."""
    match = _SIZE.match(string(service, key, value).strip())
    if match is None:
        raise ComposeError(f"service {service!r}: {key}: a size such as 512m is expected, not {value!r}")
    return int(float(match[1]) * _FACTOR[match[2].lower()])


def argv(service: str, key: str, value: Any) -> list[str]:
    """A command: a list as it is, a text split as a shell would."""
    if isinstance(value, list):
        return strings(service, key, value)
    try:
        return shlex.split(string(service, key, value))
    except ValueError as error:
        raise ComposeError(f"service {service!r}: {key}: {error}") from error


def image(service: str, key: str, value: Any) -> str:
    """An image, as the API calls it."""
    image = string(service, key, value).strip()
    if not image or re.search(r"\s", image):
        raise ComposeError(f"service {service!r}: {key}: {value!r} is not an image name")
    return image if image.startswith("docker:") else f"docker:{image}"


def mapping(service: str, key: str, value: Any) -> dict[str, str]:
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


def environment(service: str, value: Any, variables: Mapping[str, str]) -> dict[str, str]:
    """As `_mapping`; a bare name takes the stack's variable of that name and is left out when there is none."""
    result = {} if value is None else mapping(service, "environment", value)
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


def published(service: str, key: str, value: Any) -> list[str]:
    """Ports in any form, as the API writes them."""
    items = value if isinstance(value, list) else [value]
    texts = [_long_port(service, key, item) if isinstance(item, dict) else string(service, key, item) for item in items]
    try:
        return [str(port) for port in ports.parse_all(texts)]
    except ports.PortWrongFormat as error:
        raise ComposeError(f"service {service!r}: {key}: {error}") from error


def _long_port(service: str, key: str, item: dict[str, Any]) -> str:
    """The long form of compose v3 as the short one."""
    unknown = set(item) - {"target", "published", "protocol", "host_ip", "mode"}
    if unknown or "target" not in item:
        raise ComposeError(f"service {service!r}: {key}: {item!r} has not the form target/published/protocol/host_ip")
    bind = f"{item['host_ip']}:" if item.get("host_ip") else ""
    public = f"{item['published']}:" if item.get("published") else ""
    return f"{bind}{public}{item['target']}/{item.get('protocol', 'tcp')}"


def volumes(service: str, key: str, value: Any) -> list[str]:
    """Volumes: a relative path means nothing on another machine."""
    result = strings(service, key, value)
    for volume in result:
        source, colon, _ = volume.partition(":")
        if colon and source.startswith((".", "~")):
            raise ComposeError(
                f"service {service!r}: {key}: {volume!r}: a relative path means nothing on another machine"
            )
    return result


def restart(service: str, key: str, value: Any) -> dict[str, Any]:
    """A restart policy."""
    # YAML reads a bare `no` as false.
    text = "no" if value is False else string(service, key, value)
    match = _RESTART.match(text)
    if match is None:
        raise ComposeError(f"service {service!r}: {key}: {text!r} is not no, always, unless-stopped or on-failure[:n]")
    policy: dict[str, Any] = {"name": match[1]}
    if match[2]:
        policy["maximumRetryCount"] = int(match[2])
    return policy


def network(service: str, key: str, value: Any) -> str:
    """A network mode; `container:NAME` for the network of another container, in either of its spellings."""
    mode = string(service, key, value)
    word, _, name = mode.partition(":")
    if word in ("container", "service") and name:
        return f"container:{name}"
    if mode not in _NETWORK_MODES:
        raise ComposeError(f"service {service!r}: {key}: {mode!r} is none of {', '.join(sorted(_NETWORK_MODES))}")
    return mode


def json(service: str, key: str, value: Any) -> Any:
    """Anything, as far as JSON has words for it; what it has none for (YAML's dates) becomes text."""
    if isinstance(value, dict):
        return {_text(name): json(service, key, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [json(service, key, inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def json_mapping(service: str, key: str, value: Any) -> dict[str, Any]:
    """A mapping from texts to anything."""
    if not isinstance(value, dict):
        raise ComposeError(f"service {service!r}: {key}: a mapping is expected")
    return dict(json(service, key, value))
