# SPDX-License-Identifier: Apache-2.0
"""Variables in compose values: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `$$` for a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<kind>:?-)(?P<default>[^}]*))?\}|(?P<bad>))"
)


class BadVariable(ValueError):
    """A dollar sign that begins no variable; the message shows the value."""


def interpolate(value: Any, variables: Mapping[str, str], missing: set[str]) -> Any:
    """Return `value` (a YAML tree) with the variables in its strings filled in; keys are left alone.

    A variable that is not in `variables` and has no default becomes empty; its name is added to `missing`.

    Raises:
        BadVariable: a lone `$`.
    """
    if isinstance(value, dict):
        return {key: interpolate(inner, variables, missing) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolate(inner, variables, missing) for inner in value]
    if not isinstance(value, str) or "$" not in value:
        return value

    def fill(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        if match["bad"] is not None:
            raise BadVariable(f"invalid interpolation in {value!r}: write $$ for a dollar sign")
        name = match["plain"] or match["name"]
        found = variables.get(name)
        if found or (found is not None and match["kind"] != ":-"):
            return found
        if match["default"] is not None:
            return match["default"]
        missing.add(name)
        return ""

    return _VARIABLE.sub(fill, value)
