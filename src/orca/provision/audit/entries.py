# SPDX-License-Identifier: Apache-2.0
"""The audit log: one row per change, written in the change's own unit, never altered. Secrets are removed first.

It also records failed sign-ins (``failed_sign_ins``), and keys made on the server's own host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from orca.engine import Behaviour, Call
from orca.provision.audit.masking import without_secrets
from orca.provision.people.identities import PEOPLE, id_of
from orca.resources import TYPES, ids, rows
from orca.resources.errors import Refused
from orca.store import ReadTx, Tx, adding

MOST = 16_384
"""Most characters of a stored request or answer; of a larger one only its size is stored."""
READ = 262_144
"""Most characters of an object that is searched for secrets; masking makes it smaller."""
NAMED_BY_ID = ("setting", "activeSetting")
"""Types whose ids are names, which decide whether the value is a secret."""

behaviour = Behaviour()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What somebody did, or tried. ``account_id``: the account acted for; ``user_id``: the user, None if not proved;
    ``auth``: how the user proved it, None outside the API.
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
    """Add the row. Not by ``tx.insert``, since nobody follows this table, and it must not cost an event per change."""
    name = entry.resource_id if entry.resource_type in NAMED_BY_ID else None
    objects = {
        "requestObject": kept(entry.resource_type, entry.request, name),
        "responseObject": kept(entry.resource_type, entry.response, name),
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
    tx.send(adding(tx.table(rows.AuditLog)), row)


def stored_id(text: str) -> str:
    """Numbers are stored without their prefix, so that filters find them in either form; names as they are."""
    number = ids.parse(text)
    return str(number) if number is not None else text[:255]


def kept(type: str, value: Any, name: str | None = None) -> str | None:
    """The object of a request or answer as text, without secrets. ``name``: its name, if its id is one."""
    if value is None:
        return None
    size = len(msgspec.json.encode(value))
    if size <= READ:
        named = {"name": name} if name is not None and isinstance(value, dict) else {}
        masked = without_secrets({**named, **value} if named else value, type)
        text = msgspec.json.encode({key: masked[key] for key in value} if named else masked).decode()
        if len(text) <= MOST:
            return text
    return msgspec.json.encode({"size": size}).decode()


@behaviour.computed("auditLog.resourceId")
def resource_id(tx: ReadTx, call: Call, row: rows.AuditLog) -> str | None:
    """The id of the changed resource, as clients know it."""
    text = row.resourceId
    type = row.resourceType or ""
    return ids.show(type, int(text)) if text and text.isdecimal() and type in TYPES else text


@behaviour.computed("auditLog.kind")
def kind(tx: ReadTx, call: Call, row: rows.AuditLog) -> str:
    """The type of the row."""
    return row.type


@behaviour.computed("auditLog.authenticatedAsIdentityId")
def identity_id(tx: ReadTx, call: Call, row: rows.AuditLog) -> str | None:
    """The user's identity, as other people know it."""
    account = tx.get(rows.Account, row.authenticatedAsAccountId)
    return id_of(account) if account is not None and account.kind in PEOPLE else None


@behaviour.create("auditLog")
def refuse_new(tx: Tx, call: Call, fields: dict[str, Any]) -> rows.AuditLog:
    """Refuse: nobody adds to the audit log, whatever their role."""
    raise unalterable()


@behaviour.update("auditLog")
def refuse_change(tx: Tx, call: Call, row: rows.AuditLog, fields: dict[str, Any]) -> rows.AuditLog:
    """Refuse: nobody alters the audit log."""
    raise unalterable()


@behaviour.remove("auditLog")
def refuse_removal(tx: Tx, call: Call, row: rows.AuditLog) -> rows.AuditLog:
    """Refuse: nobody removes from the audit log."""
    raise unalterable()


def unalterable() -> Refused:
    """The refusal of every change: 405."""
    return Refused("Method not allowed", "the audit log is read only", status=405)
