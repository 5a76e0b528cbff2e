# SPDX-License-Identifier: Apache-2.0
"""Who left out a field without which the store takes no row: the caller, or the server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from orca.resources.errors import Refused
from orca.resources.views import TypeView
from orca.store import MissingField, Schema


@contextlib.contextmanager
def blamed(schema: Schema, type: TypeView, given: Mapping[str, Any], letter: str, role: str) -> Iterator[None]:
    """Refuse a request of which a row of its type lacks a field that the caller could have given.

    ``letter``: ``c`` for a request that makes the row, ``u`` for one that changes it.

    Raises:
        Refused: 422, naming the field.
        MissingField: any other row, or field. A row of the server is damaged, or its code is wrong.
    """
    try:
        yield
    except MissingField as error:
        shown = type.fields.get(error.field)
        same = type.name in schema.types and schema[error.type].root == schema[type.name].root
        if same and shown and shown.taken(letter, role, part=False) and given.get(error.field) is None:
            raise refusal(error) from None
        raise


def refusal(error: MissingField) -> Refused:
    """The answer to a caller who left the field out."""
    return Refused("MissingRequired", f"{error.field} is required", field=error.field)
