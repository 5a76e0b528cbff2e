# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules say of themselves: options, attributes, what they return."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from harness.running import MODULES, Outcome

ROOT = Path(__file__).resolve().parents[4]
ANSIBLES = {"changed", "diff", "exception", "failed", "invocation", "msg", "warnings"}
"""Parts of a result that are the same for all modules, and documented by Ansible."""
TYPES: dict[str, Any] = {"str": str, "int": int, "float": (int, float), "bool": bool, "list": list, "dict": dict}


def modules() -> list[str]:
    """Every module of the collection."""
    return sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


@cache
def documentation(name: str) -> dict[str, Any]:
    """DOCUMENTATION of a module with what its fragments add."""
    own = _block(importlib.import_module(f"{MODULES}.{name}"), "DOCUMENTATION")
    for reference in own.get("extends_documentation_fragment", []):
        _orca, _platform, file, *variant = reference.split(".")
        fragment = importlib.import_module(f"{MODULES.replace('modules', 'doc_fragments')}.{file}").ModuleDocFragment
        added = yaml.safe_load(getattr(fragment, (variant or ["documentation"])[0].upper()))
        for part in ("options", "attributes"):
            own[part] = _merged(added.get(part) or {}, own.get(part) or {})
    return own


@cache
def returned(name: str) -> dict[str, Any]:
    """RETURN of a module: key to what is said of it."""
    return _block(importlib.import_module(f"{MODULES}.{name}"), "RETURN")


def supports(name: str, attribute: str) -> str:
    """`full`, `partial`, `none` or `N/A`."""
    return str(documentation(name)["attributes"][attribute]["support"])


def own_keys(outcome: Outcome) -> set[str]:
    """The keys of a result that RETURN must know."""
    return set(outcome.result) - ANSIBLES


def fits(value: Any, said: dict[str, Any]) -> bool:
    """True if `value` is null or of the documented type, elements and contents included."""
    if value is None:
        return True
    if not isinstance(value, TYPES[said["type"]]) or (said["type"] != "bool" and isinstance(value, bool)):
        return False
    if said["type"] == "list":
        element = {**said, "type": said["elements"]}
        return all(fits(each, element) for each in value)
    inner = said.get("contains", {})
    return set(value) <= set(inner) and all(fits(value[key], inner[key]) for key in value) if inner else True


def _block(module: Any, name: str) -> dict[str, Any]:
    return dict(yaml.safe_load(getattr(module, name)) or {})


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    return {key: {**below.get(key, {}), **above.get(key, {})} for key in {**below, **above}}
