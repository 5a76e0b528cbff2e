# SPDX-License-Identifier: Apache-2.0
"""The settings in force: the environment of the server's process wins over the database."""

from __future__ import annotations

import os

from orca.resources import rows
from orca.store import ReadTx

PREFIX = "ORCA_SETTING_"


def environment(name: str) -> str | None:
    """The value from the environment: ``api.host`` is ``ORCA_SETTING_API_HOST``."""
    return os.environ.get(PREFIX + name.upper().replace(".", "_").replace("-", "_"))


def was_set(tx: ReadTx, name: str) -> str | None:
    """The value that somebody gave a setting; None: the default holds."""
    given = environment(name)
    if given is not None:
        return given
    row = tx.first(rows.Setting, name=name)
    return None if row is None or row.value is None else str(row.value)
