# SPDX-License-Identifier: Apache-2.0
"""Floor 0: the database. See docs/architecture/store.md."""

from orca.store.bus import Bus, Change, Overflow, Subscription
from orca.store.database import Database
from orca.store.errors import CannotOpen, Closed, MissingField, NoSpace, NotFound, NotUnique, StoreError
from orca.store.hold import Hold
from orca.store.prepared import Prepared, PreparedWrite, adding
from orca.store.record import Own, Record, StoredType
from orca.store.schema import Schema
from orca.store.statements import ANY
from orca.store.tx import ReadTx, Tx, now_ms
from orca.store.vault import Vault
from orca.store.work import REQUESTS, WORK, Work

__all__ = [
    "ANY",
    "REQUESTS",
    "WORK",
    "Bus",
    "CannotOpen",
    "Change",
    "Closed",
    "Database",
    "Hold",
    "MissingField",
    "NoSpace",
    "NotFound",
    "NotUnique",
    "Overflow",
    "Own",
    "Prepared",
    "PreparedWrite",
    "ReadTx",
    "Record",
    "Schema",
    "StoreError",
    "StoredType",
    "Subscription",
    "Tx",
    "Vault",
    "Work",
    "adding",
    "now_ms",
]
