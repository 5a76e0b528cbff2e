# SPDX-License-Identifier: Apache-2.0
"""The differences between two states of a service, for people. Pure.

Values are shown only for images, numbers of containers, ports and links. Others may come from a secret variable, so
only their names are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orca.orchestration.compose.keys import LAUNCH
from orca.orchestration.compose.section import LinkSpec
from orca.resources.tables import snake

SHOWN = {"scale": "scale", "imageUuid": "image", "ports": "ports"}
"""Fields whose values are shown, with their keys."""
KEYED = frozenset({"environment", "labels", "metadata"})
"""Fields that are maps: the differing keys are named."""
_KEYS = {entry.field: key for key, entry in reversed(list(LAUNCH.items()))}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference, with both values if they are shown."""

    what: str
    before: Any = None
    after: Any = None

    @property
    def line(self) -> str:
        """The difference in words."""
        if self.before is None and self.after is None:
            return self.what
        if self.before is None:
            return f"{self.what} {_text(self.after)}"
        return f"{self.what} {_text(self.before)} -> {_text(self.after)}"


def plain(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """A launch config as text states it: without version and defaults."""
    return {
        name: value
        for name, value in (config or {}).items()
        if value is not None and name not in ("name", "version") and (name, value) != ("networkMode", "managed")
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """The differences between the fields of two services, or of two launch configs."""
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if (old or None) == (new or None):
            continue
        if name in SHOWN:
            yield Difference(SHOWN[name], _bare(old), _bare(new))
        elif name in KEYED and isinstance(old or {}, Mapping) and isinstance(new or {}, Mapping):
            yield from _keys(name, old or {}, new or {})
        else:
            yield Difference(_KEYS.get(name) or snake(name))


def of_configs(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """The differences between the launch configs of two services."""
    yield from differences(plain(before.get("launchConfig")), plain(after.get("launchConfig")))
    old = {config["name"]: config for config in before.get("secondaryLaunchConfigs") or []}
    new = {config["name"]: config for config in after.get("secondaryLaunchConfigs") or []}
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield Difference(f"sidekick {name} goes")
        elif name not in old:
            yield Difference(f"sidekick {name} comes")
        else:
            for each in differences(plain(old[name]), plain(new[name])):
                yield Difference(f"sidekick {name}: {each.what}", each.before, each.after)


def shown_links(links: Iterable[LinkSpec]) -> list[str]:
    """Links as text: target, alias if it differs, and the rules of a balancer."""
    return sorted(
        link.target + (f":{link.alias}" if link.alias != link.service else "") + "".join(f" {r}" for r in link.rules)
        for link in links
    )


def _keys(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            how = "is new" if key not in old else "goes" if key not in new else "changes"
            yield Difference(f"{name} {key} {how}")


def _bare(value: Any) -> Any:
    """An image without the prefix ``docker:``; None for none."""
    return value.removeprefix("docker:") if isinstance(value, str) else "" if value is None else value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value) if value != "" else "none"
