# SPDX-License-Identifier: Apache-2.0
"""The values of compose files: one function per form, from a node of the tree to the API's value.

Each raises ``Wrong`` for a value of another form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from orca.orchestration.compose import command as compose_command
from orca.orchestration.compose.errors import Place, Wrong
from orca.orchestration.compose.scalars import shown
from orca.orchestration.compose.tree import Node
from orca.orchestration.syntax import ports
from orca.resources.image_names import wrong_reference
from orca.resources.limits import PORTS_OF_CONTAINER
from orca.resources.validation import whole_number

_SIZE = re.compile(r"(\d{1,40}|(?=\.\d))(\.\d{0,40})? ?(?:([kmgtp]?)b?|([kmgtp])ib)", re.IGNORECASE | re.ASCII)
_FACTOR = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40, "p": 1 << 50}
_RESTART = re.compile(r"no|always|unless-stopped|on-failure(?::(\d{1,9}))?", re.ASCII)
_NETWORK_MODES = {"managed", "bridge", "host", "none"}
_TRUE, _FALSE = frozenset({"true", "y", "yes", "on"}), frozenset({"false", "n", "no", "off"})
_LONG_PORT = frozenset({"target", "published", "protocol", "host_ip", "mode"})


class Pair(NamedTuple):
    """A name and its value with their places, and the spelling of the value; None: a name without a value."""

    name: str
    value: str | None
    place: Place
    written: str | None = None


def string(node: Node) -> str:
    """A text. A number counts too if its spelling is its value: ``1000``, not ``0755``."""
    if isinstance(node.value, str):
        return node.value
    if node.value is None or isinstance(node.value, list | dict):
        raise Wrong(node.place, "a text is expected")
    text = shown(node.value)
    if text != node.written:
        raise Wrong(node.place, f"{node.written} is {text} in YAML: write it in quotes, where a text is expected")
    return text


def optional(node: Node) -> str | None:
    """A text; an empty one counts as absent, as from an empty variable."""
    return string(node) or None


def strings(node: Node) -> list[str]:
    """A list of texts; one text stands for a list of one."""
    if isinstance(node.value, dict):
        raise Wrong(node.place, "a list of texts is expected")
    return [string(item) for item in _items(node)]


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else [node]


def boolean(node: Node) -> bool:
    """True or false, also in the words that older files use."""
    if isinstance(node.value, bool):
        return node.value
    word = node.value.lower() if isinstance(node.value, str) else ""
    if word not in _TRUE | _FALSE:
        raise Wrong(node.place, "true or false is expected")
    return word in _TRUE


def integer(node: Node) -> int:
    """A whole number."""
    number = whole_number(node.value)
    if number is None:
        raise Wrong(node.place, f"a number is expected, not {_seen(node)}")
    return number


def size(node: Node) -> int:
    """Bytes, with a unit or without: units are powers of 1024."""
    if isinstance(node.value, int):
        return integer(node)
    # Compose ignores a real number silently.
    match = _SIZE.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    if match is None:
        raise Wrong(node.place, f"a size such as 512m is expected, not {_seen(node)}")
    whole, part, *units = match.groups()
    factor = _FACTOR[(units[0] or units[1] or "").lower()]
    return int(whole or 0) * factor + (int(float(part) * factor) if part and part != "." else 0)


def _seen(node: Node) -> str:
    if isinstance(node.value, list | dict):
        return "a list or a mapping"
    return repr(node.written if node.written is not None else node.value)[:80]


def argv(node: Node) -> list[str]:
    """A command: a list unchanged, a text split as a shell would."""
    if isinstance(node.value, list):
        return strings(node)
    try:
        return compose_command.split(string(node))
    except ValueError as error:
        raise Wrong(node.place, str(error)) from error


def image(node: Node) -> str:
    """An image, as the API calls it."""
    image = string(node).strip().removeprefix("docker:")
    reason = wrong_reference(image)
    if reason is not None:
        raise Wrong(node.place, reason)
    return f"docker:{image}"


def pairs(node: Node) -> Iterator[Pair]:
    """A mapping, or a list of ``name=value``."""
    if not isinstance(node.value, dict):
        for item in _items(node):
            name, sign, value = string(item).partition("=")
            yield Pair(_name(name, item.place), value if sign else None, item.place)
        return
    for name, inner in node.value.items():
        _name(name, inner.named)
        if inner.value is None or isinstance(inner.value, str):
            yield Pair(name, inner.value, inner.named)
        elif isinstance(inner.value, list | dict):
            raise Wrong(inner.place, f"{name}: a text is expected")
        else:
            yield Pair(name, shown(inner.value), inner.named, inner.written)


def _name(name: str, place: Place) -> str:
    if not name or name != name.strip():
        raise Wrong(place, f"{name!r}: a name is neither empty nor has blanks around it")
    return name


def options(node: Node) -> dict[str, str]:
    """Options with their values, as a mapping or as a list of ``name=value``."""
    found: dict[str, str] = {}
    for pair in pairs(node):
        if pair.value is None:
            raise Wrong(pair.place, f"{pair.name}: a text is expected")
        if pair.written is not None and pair.written != pair.value:
            raise Wrong(pair.place, f"{pair.name}: {pair.written} is {pair.value} in YAML: write it in quotes")
        found[pair.name] = pair.value
    return found


def extra_hosts(node: Node) -> list[str]:
    """Names with their addresses, as a mapping or as a list of ``name:address``."""
    if not isinstance(node.value, dict):
        return strings(node)
    return [f"{name}:{string(inner)}" for name, inner in node.value.items()]


def published(node: Node) -> list[str]:
    """Ports in any form, as the API writes them, each once."""
    if isinstance(node.value, dict):
        raise Wrong(node.place, "a list of ports is expected")
    result: dict[str, None] = {}
    for item in _items(node):
        text = _long_port(item) if isinstance(item.value, dict) else _short_port(item)
        try:
            result |= {str(port): None for port in ports.parse(text)}
            if len(result) > PORTS_OF_CONTAINER:
                raise ports.TooManyPorts
        except ports.PortWrongFormat as error:
            raise Wrong(item.place, str(error)) from error
    return list(result)


def _short_port(item: Node) -> str:
    if isinstance(item.value, int) and not isinstance(item.value, bool):
        return str(item.value)
    if not isinstance(item.value, str):
        raise Wrong(item.place, f"{_seen(item)} does not have the form [bindIp:][public:]private[/protocol]")
    return item.value


def _long_port(item: Node) -> str:
    """The long form of compose v3 as the short one."""
    given = {key: inner for key, inner in item.entries().items() if inner.value not in (None, "")}
    for key, inner in item.entries().items():
        if key not in _LONG_PORT:
            raise Wrong(inner.named, f"unsupported config option {key!r} of a port")
    if "target" not in given:
        raise Wrong(item.place, "target: is required")
    target = integer(given["target"])
    for key, form in (("published", r"\d+(-\d+)?"), ("protocol", "[A-Za-z]+"), ("host_ip", "[^:]+")):
        if key in given and not re.fullmatch(form, _short_port(given[key]), re.ASCII):
            raise Wrong(given[key].place, f"{key}: {_seen(given[key])} is not one")
    bind = f"{_short_port(given['host_ip'])}:" if "host_ip" in given else ""
    public = f"{_short_port(given['published'])}:" if "published" in given else ":" if bind else ""
    return f"{bind}{public}{target}/{_short_port(given['protocol']) if 'protocol' in given else 'tcp'}"


def volumes(node: Node) -> list[str]:
    """Volumes: a relative path means nothing on another machine."""
    result = []
    for item in _items(node):
        volume = string(item)
        source, colon, _ = volume.partition(":")
        if colon and source.startswith((".", "~")):
            raise Wrong(item.place, f"{volume!r}: a relative path means nothing on another machine: name a volume")
        result.append(volume)
    return result


def restart(node: Node) -> dict[str, Any] | None:
    """A restart policy; an empty text is none."""
    text = string(node)
    match = _RESTART.fullmatch(text)
    if not text:
        return None
    if match is None:
        raise Wrong(node.place, f"{_seen(node)} is not no, always, unless-stopped or on-failure[:n]")
    policy: dict[str, Any] = {"name": text.partition(":")[0]}
    if match[1]:
        policy["maximumRetryCount"] = int(match[1])
    return policy


def network(node: Node) -> str:
    """A network mode; ``container:NAME`` for the network of another container, in either of its spellings."""
    mode = string(node)
    word, _, name = mode.partition(":")
    if word in ("container", "service") and name:
        return f"container:{name}"
    if mode not in _NETWORK_MODES:
        raise Wrong(node.place, f"{_seen(node)} is none of {', '.join(sorted(_NETWORK_MODES))}")
    return mode


def json(node: Node) -> Any:
    """Anything that JSON can express."""
    if isinstance(node.value, dict):
        return {name: json(inner) for name, inner in node.value.items()}
    if isinstance(node.value, list):
        return [json(inner) for inner in node.value]
    if isinstance(node.value, float) and not math.isfinite(node.value):
        raise Wrong(node.place, f"JSON has no {node.written}: write it in quotes if it is text")
    return node.value


def json_mapping(node: Node) -> dict[str, Any]:
    """A mapping from texts to anything."""
    return {name: json(inner) for name, inner in node.entries().items()}
