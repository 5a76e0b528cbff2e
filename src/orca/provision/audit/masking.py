# SPDX-License-Identifier: Apache-2.0
"""Mask values that may be secrets: their names are shown, and ``***``.

The audit log keeps nothing else. Resources and events show values to callers who may change them; callers who only read
see them masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from orca.resources import TYPES

TAKEN_OUT = "***"
DECLARED = frozenset(
    name
    for type in TYPES.values()
    for name, field in type.all_fields.items()
    if field.secret or field.type == "password"
)
"""Fields that are declared to be secrets, of whatever type."""
_WORDS = r"secret|passw(?:or)?d|token|private[_-]?key|api[_-]?key"
CALLED_SO = re.compile(rf"{_WORDS}|credentials?$|^jwt$|^code$|^authKey$|^extractedConfig$", re.IGNORECASE)
"""Names of secrets that nobody declared: in settings, labels, variables of a container."""
NAMES_ONLY = frozenset({"environment", "previousEnvironment", "variables", "files", "outputs", "driverOpts", "Env"})
"""Maps, and lists of ``NAME=value``, whose values may be secrets whatever their names: variables of containers and
stacks, options of volumes, an engine's document of a container.
"""
TEXTS = frozenset({"dockerCompose", "rancherCompose", "dockerComposeConfig", "rancherComposeConfig"})
"""Text that contains such values."""
NAMED = frozenset({"value", "activeValue"})
"""Value fields of named things (settings, preferences, labels): secret if the name is that of a secret."""
NAMES = ("name", "key")
"""Fields that hold that name."""
WITH_TOKEN = {"registrationToken": frozenset({"command", "registrationUrl", "links"})}
"""Fields that hold a token among other text, by type."""
_ASSIGNED = re.compile(rf"([\w.-]*(?:{_WORDS})[\w.-]*=)[^\s&;,]+", re.IGNORECASE)
"""A named secret inside of text: ``--password=x``, ``?token=x``."""
_OPTION = re.compile(rf"--?[\w-]*(?:{_WORDS})[\w-]*", re.IGNORECASE)
"""A word of a command that says that the next word is a secret."""
_USER = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")
"""The password in an address."""


def without_secrets(value: Any, type: str = "") -> Any:
    """The same object with every secret replaced."""
    if isinstance(value, dict):
        own = WITH_TOKEN.get(str(value.get("type") or type), frozenset())
        if is_called_so(value):
            own |= NAMED
        return {name: replaced(name, item, own) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return _list(value, type)
    return _text(value) if isinstance(value, str) else value


def replaced(name: str, item: Any, own: frozenset[str] = frozenset()) -> Any:
    """One value of an object."""
    if item is not None and (name in own or name in TEXTS or is_secret(name)) and not is_setting(item):
        return TAKEN_OUT
    if name in NAMES_ONLY and isinstance(item, dict):
        return {key: None if inner is None else TAKEN_OUT for key, inner in item.items()}
    if name in NAMES_ONLY and isinstance(item, list | tuple):
        return [_assigned(each) for each in item]
    return without_secrets(item)


def _assigned(item: Any) -> str:
    """``NAME=value`` without the value."""
    name, equals, _ = str(item).partition("=")
    return f"{name}={TAKEN_OUT}" if equals else TAKEN_OUT


def _list(value: list[Any] | tuple[Any, ...], type: str) -> list[Any]:
    found: list[Any] = []
    secret_follows = False
    for item in value:
        hidden = secret_follows and isinstance(item, str)
        found.append(TAKEN_OUT if hidden else without_secrets(item, type))
        secret_follows = isinstance(item, str) and not hidden and _OPTION.fullmatch(item) is not None
    return found


def _text(value: str) -> str:
    if "=" in value:
        value = _ASSIGNED.sub(rf"\1{TAKEN_OUT}", value)
    return _USER.sub(rf"\1{TAKEN_OUT}@", value) if "://" in value else value


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """True if a field of that name is a secret in any type. Cached, because every change checks all its fields."""
    return name in DECLARED or CALLED_SO.search(name) is not None


def is_called_so(named: Mapping[str, Any]) -> bool:
    """True if it is the name of a secret."""
    return any(isinstance(name := named.get(field), str) and is_secret(name) for field in NAMES)


def is_setting(item: Any) -> bool:
    """True if a value cannot be a secret: a number, or yes or no."""
    return isinstance(item, bool | int | float)
