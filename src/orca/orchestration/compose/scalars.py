# SPDX-License-Identifier: Apache-2.0
"""Plain YAML scalars as Docker Compose reads them, and numbers as it writes them.

Source: ``resolve.go`` of go-yaml v3, which takes the core schema of YAML 1.2 and Go's numbers. So ``yes``, ``12:30``
and ``22:22`` are text, ``017`` and ``0o17`` are fifteen. Dates are text here; Compose refuses them.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{sign + word: math.inf for sign in ("", "+") for word in (".inf", ".Inf", ".INF")},
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMBER = frozenset("+-.0123456789")
_WHOLE = re.compile(
    r"[-+]?(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[oO]?(?P<octal>[0-7]+)|0[bB](?P<binary>[01]+)|0|[1-9][0-9]*)\Z"
)
_BASES = {"hex": 16, "octal": 8, "binary": 2}
_REAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_LOWEST, _HIGHEST = -(2**63), 2**64 - 1


class TooLong(ValueError):
    """A number has too many digits."""


def resolve(text: str, most_digits: int) -> Scalar:
    """Return the value of a plain scalar.

    Raises:
        TooLong: a number with more than ``most_digits`` digits.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER:
        return text
    plain = text if text[0] == "." else text.replace("_", "")
    whole, real = _WHOLE.match(plain), _REAL.match(plain)
    if not (whole or real):
        return text
    if len(plain) > most_digits and sum(map(str.isalnum, plain)) > most_digits:
        raise TooLong(text)
    if whole and whole.lastgroup:
        number = int(whole[whole.lastgroup], _BASES[whole.lastgroup]) * (-1 if plain[0] == "-" else 1)
        return number if _LOWEST <= number <= _HIGHEST else text
    if whole and _LOWEST <= (number := int(plain)) <= _HIGHEST:
        return number
    value = float(plain)
    return value if math.isfinite(value) else text


def shown(value: bool | int | float) -> str:
    """A scalar as Docker Compose writes it where it expects text: ``true``, ``5``, ``1.5``, ``1e+06``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _real(value) if isinstance(value, float) else str(value)


def _real(value: float) -> str:
    """Go's ``%v``: the fewest digits that mean this number, with an exponent where it is below -4 or above 5."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    places = len(digits) + exponent - 1 if value else 0
    if -4 <= places < 6 or not value:
        number = f"{abs(value):.{max(0, -exponent)}f}"
    else:
        mantissa = "".join(map(str, digits))
        number = f"{mantissa[0]}{'.' if len(mantissa) > 1 else ''}{mantissa[1:]}e{places:+03d}"
    return ("-" if sign else "") + number
