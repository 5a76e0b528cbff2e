# SPDX-License-Identifier: Apache-2.0
"""The volumes that a compose file names at its top: ``volumes:`` beside ``services:``.

Source: the Compose specification, "Volumes top-level element"; ``per_container`` is Rancher's, since 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from orca.orchestration.compose import values
from orca.orchestration.compose.errors import Findings, Wrong
from orca.orchestration.compose.tree import Node
from orca.storage.mounts import LOCAL, NAME

_KEYS = frozenset({"driver", "driver_opts", "external", "labels", "name", "per_container"})
_OF_EXTERNAL = frozenset({"external", "name"})


@dataclass(frozen=True, slots=True)
class VolumeSpec:
    """A volume as the file describes it.

    ``name``: its whole name, where the file gives one. ``external``: it is there already. ``per_unit``: each unit of a
    service has one of its own.
    """

    name: str | None = None
    driver: str = LOCAL
    options: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    external: bool = False
    per_unit: bool = False


def read(node: Node, findings: Findings) -> dict[str, VolumeSpec]:
    """The volumes by their names in the file. Errors go to ``findings``."""
    found: dict[str, VolumeSpec] = {}
    with findings.collect(key="volumes"):
        for name, inner in node.entries().items() if node.value is not None else ():
            with findings.collect(key="volumes"):
                found[name] = _volume(name, inner)
    return found


def _volume(name: str, node: Node) -> VolumeSpec:
    given = {} if node.value is None else node.entries()
    given = {key: inner for key, inner in given.items() if not key.startswith("x-")}
    for key, inner in given.items():
        if key not in _KEYS:
            raise Wrong(inner.named, f"volume {name!r}: unsupported config option {key!r}")
    given = {key: inner for key, inner in given.items() if inner.value is not None}
    whole = values.optional(given["name"]) if "name" in given else None
    external = False
    if "external" in given:
        external, whole = _external(given["external"], whole)
    if external:
        whole = whole or name
        for key, inner in given.items():
            if key not in _OF_EXTERNAL:
                raise Wrong(inner.named, f"volume {name!r}: an external one has no {key!r}: it is there already")
    for text, place in ((name, node.named), (whole, given["name"].place if "name" in given else node.named)):
        if text is not None and not NAME.match(text):
            raise Wrong(place, f"volume {text!r}: a name has letters, digits, '.', '_' and '-'")
    return VolumeSpec(
        whole,
        (values.optional(given["driver"]) if "driver" in given else None) or LOCAL,
        values.options(given["driver_opts"]) if "driver_opts" in given else {},
        values.options(given["labels"]) if "labels" in given else {},
        external,
        values.boolean(given["per_container"]) if "per_container" in given else False,
    )


def _external(node: Node, name: str | None) -> tuple[bool, str | None]:
    """Whether a volume is external, and its name: ``true``, or the older ``{name: …}``."""
    if not isinstance(node.value, dict):
        return values.boolean(node), name
    inner = node.entries()
    for key, part in inner.items():
        if key != "name":
            raise Wrong(part.named, f"external: unsupported config option {key!r}")
    return True, values.optional(inner["name"]) if "name" in inner else name
