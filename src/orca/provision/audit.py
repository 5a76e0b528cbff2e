# SPDX-License-Identifier: Apache-2.0
"""The audit log: one row per change, written in the change's own unit, never altered. Secrets are taken out first.

Besides changes there are sign-ins that failed (``failed_sign_ins``), and keys made on the server's machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from orca.engine import Behaviour, Call
from orca.provision.identities import PEOPLE, id_of
from orca.resources import TYPES, ids
from orca.resources.errors import Refused
from orca.store import ReadTx, Record, Tx, adding

TAKEN_OUT = "***"
MOST = 16_384
"""Characters of a request or an answer that are kept; a larger one is named by its size."""
DECLARED = frozenset(
    name
    for type in TYPES.values()
    for name, field in type.all_fields().items()
    if field.secret or field.type == "password"
)
"""Fields that are declared to be secrets, of whatever type."""
CALLED_SO = re.compile(
    r"secret|passw(or)?d|token|credentials?$|private_?key|api_?key|^jwt$|^code$|^authKey$|^extractedConfig$",
    re.IGNORECASE,
)
"""Names that secrets have where nobody declared them: settings, labels, variables of a container."""
NAMES_ONLY = frozenset({"environment", "variables", "files"})
"""Maps whose values may be secrets whatever their names: of containers' variables, and of a stack's."""
WITH_TOKEN = {"registrationToken": frozenset({"command", "registrationUrl", "links"})}
"""Fields that hold a token among other text, by type."""

behaviour = Behaviour()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What somebody did, or tried. ``account_id``: on whose behalf, ``user_id``: who, None where nobody has proved it;
    ``auth``: how that was done, None outside the API.
    """

    account_id: int
    user_id: int | None
    auth: str | None
    client: str
    event: str
    resource_type: str
    resource_id: str | None
    request: Any
    response: Any
    status: int


def write(tx: Tx, entry: Entry) -> None:
    """Add the row. Not ``tx.insert``: nobody waits for news of this table, and it must not cost an event per change."""
    objects = {
        "requestObject": kept(entry.resource_type, entry.request),
        "responseObject": kept(entry.resource_type, entry.response),
        "responseCode": str(entry.status),
    }
    row = {
        "accountId": entry.account_id,
        "authType": entry.auth,
        "authenticatedAsAccountId": entry.user_id,
        "clientIp": entry.client[:255],
        "created": tx.now,
        "description": f"{entry.event} {entry.resource_id or ''}".strip()[:1024],
        "eventType": entry.event[:255],
        "resourceId": None if entry.resource_id is None else stored_id(entry.resource_id),
        "resourceType": entry.resource_type,
        "data": msgspec.json.encode({"fields": objects}).decode(),
    }
    tx.run(adding(tx.table("auditLog")), row)


def stored_id(text: str) -> str:
    """Numbers are stored without their prefix, so that filters find them in either form; names as they are."""
    number = ids.parse(text)
    return str(number) if number is not None else text[:255]


def kept(type: str, value: Any) -> str | None:
    """A request's or an answer's object as text, without secrets."""
    if value is None:
        return None
    text = msgspec.json.encode(without_secrets(value, type)).decode()
    return text if len(text) <= MOST else msgspec.json.encode({"size": len(text)}).decode()


def without_secrets(value: Any, type: str = "") -> Any:
    """The same with every secret's value replaced."""
    if isinstance(value, dict):
        own = WITH_TOKEN.get(str(value.get("type") or type), frozenset())
        return {name: replaced(name, item, own) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(item, type) for item in value]
    return value


def replaced(name: str, item: Any, own: frozenset[str]) -> Any:
    """One value of an object."""
    if item is not None and (name in own or is_secret(name)) and not is_setting(item):
        return TAKEN_OUT
    if name in NAMES_ONLY and isinstance(item, dict):
        return dict.fromkeys(item, TAKEN_OUT)
    return without_secrets(item)


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Whether what is called so is a secret, of whatever type. Remembered: every change asks for all its fields."""
    return name in DECLARED or CALLED_SO.search(name) is not None


def is_setting(item: Any) -> bool:
    """Whether a value can be no secret: a number, or yes or no."""
    return isinstance(item, bool | int | float)


@behaviour.computed("auditLog.resourceId")
def resource_id(tx: ReadTx, call: Call, row: Record) -> str | None:
    """What it was done to, as clients know it."""
    text = row.resourceId
    return ids.show(row.resourceType, int(text)) if text and text.isdecimal() and row.resourceType in TYPES else text


@behaviour.computed("auditLog.kind")
def kind(tx: ReadTx, call: Call, row: Record) -> str:
    """There is one."""
    return row.type


@behaviour.computed("auditLog.authenticatedAsIdentityId")
def identity_id(tx: ReadTx, call: Call, row: Record) -> str | None:
    """Who it was, as other people know them."""
    account = tx.get("account", row.authenticatedAsAccountId)
    return id_of(account) if account is not None and account.kind in PEOPLE else None


@behaviour.create("auditLog")
def refuse_new(tx: Tx, call: Call, fields: dict[str, Any]) -> Record:
    """Nobody adds to it, whatever their role."""
    raise unalterable()


@behaviour.update("auditLog")
def refuse_change(tx: Tx, call: Call, row: Record, fields: dict[str, Any]) -> Record:
    """Nobody alters it."""
    raise unalterable()


@behaviour.remove("auditLog")
def refuse_removal(tx: Tx, call: Call, row: Record) -> Record:
    """Nobody takes from it."""
    raise unalterable()


def unalterable() -> Refused:
    """405 for everybody."""
    return Refused("Method not allowed", "the audit log is read only", status=405)
