# SPDX-License-Identifier: Apache-2.0
"""From objects to the tree that callers see, and to its text. Pure.

Objects have keys, ``container/<uuid>``, ``service/<uuid>``, ``service/<uuid>/<sidekick>``, ``stack/<uuid>`` and
``host/<uuid>``, and name each other by them (``OWNERS``, and ``links`` of a service). In the tree they lie inside each
other.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

Objects = Mapping[str, Mapping[str, Any]]
Tree = dict[str, Any]

FIRST = "2015-07-25"
"""In this version services list the names of their containers, and stacks those of their services."""
VERSIONS = (FIRST, "2015-12-19", "latest")

OWNERS = ("service", "stack", "host")
"""Keys of an object that hold the key of another one, which the tree shows by name and uuid."""
MISSING = object()
"""What is not in a tree."""


def tree(objects: Objects, version: str) -> Tree:
    """Return ``containers``, ``services``, ``stacks`` and ``hosts`` of a version, and each object's place by its key
    (``""``).
    """
    places = {key: _plain(each, objects) for key, each in objects.items()}
    kinds: dict[str, list[str]] = {"container": [], "service": [], "stack": [], "host": []}
    for key in sorted(objects, key=lambda key: (places[key].get("stack_name") or "", places[key]["name"] or "", key)):
        kinds[key.partition("/")[0]].append(key)
    for key in kinds["service"]:
        places[key]["containers"] = []
    for key in kinds["stack"]:
        places[key]["services"] = []
    for child, owner, many in (("container", "service", "containers"), ("service", "stack", "services")):
        for key in kinds[child]:
            above = places.get(objects[key].get(owner) or "")
            if above is not None:
                above[many].append(places[key]["name"] if version == FIRST else places[key])
    lists = {f"{kind}s": [places[key] for key in keys] for kind, keys in kinds.items()}
    return {**lists, "": places}


def own(whole: Tree, objects: Objects, container: str | None, host: str | None) -> Tree:
    """Return ``self`` of a container (its key), or of the host alone."""
    return {kind: whole[""][key] for kind, key in _own_keys(objects, container, host).items()}


def own_values(objects: Objects, container: str | None, host: str | None) -> Tree:
    """Return ``self`` without other containers and services, which needs no tree."""
    return {kind: _plain(objects[key], objects) for kind, key in _own_keys(objects, container, host).items()}


def find(value: Any, path: list[str]) -> Any:
    """Return what lies at a path; in lists by index, name or uuid. ``MISSING``: nothing does."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step, MISSING)
        elif isinstance(value, list):
            value = _entry(value, step)
        else:
            return MISSING
    return value


def text(value: Any) -> str:
    """Return a value as plain text: a leaf as it is, of anything else the keys, those of subtrees with ``/``."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case dict():
            return "".join(sorted(f"{quote_plus(key)}{'/' if _deep(each) else ''}\n" for key, each in value.items()))
        case list():
            return "".join(f"{_line(index, each)}\n" for index, each in enumerate(value))
    return str(value)


def _own_keys(objects: Objects, container: str | None, host: str | None) -> dict[str, str]:
    seen = objects.get(container or "", {})
    keys = {"container": container, "service": seen.get("service"), "stack": seen.get("stack")}
    keys["host"] = seen.get("host") or host
    return {kind: key for kind, key in keys.items() if key in objects}


def _plain(each: Mapping[str, Any], objects: Objects) -> dict[str, Any]:
    """An object as callers see it, before others are put into it."""
    shown = {name: value for name, value in each.items() if name not in OWNERS}
    for owner in OWNERS:
        if owner in each:
            above = objects.get(each[owner] or "")
            shown |= {f"{owner}_name": above and above["name"], f"{owner}_uuid": above and above["uuid"]}
    shown.pop("host_name", None)
    if "links" in each:
        shown["links"] = {
            f"{objects.get(target['stack'], {}).get('name')}/{target['name']}": alias or target["name"]
            for key, alias in each["links"].items()
            if (target := objects.get(key)) is not None
        }
    return shown


def _entry(entries: list[Any], step: str) -> Any:
    if step.isdecimal() and int(step) < len(entries):
        return entries[int(step)]
    for name in ("name", "uuid"):
        for each in entries:
            if isinstance(each, dict) and each.get(name) == step:
                return each
    return MISSING


def _line(index: int, each: Any) -> str:
    if isinstance(each, dict) and (name := each.get("name") or each.get("uuid")):
        return f"{index}={quote_plus(name)}"
    return f"{index}/" if _deep(each) else str(index)


def _deep(value: Any) -> bool:
    return isinstance(value, dict | list)
