# SPDX-License-Identifier: Apache-2.0
"""A failed sign-in with an existing key or login leaves a row in the audit log, within limits.

Guessing writes no more rows than the throttle allows guesses of passwords: five per credential and address, thirty per
address, fifty per credential, then ever fewer, at most one in five minutes. An unknown name leaves no row: it may be a
password in the wrong field.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import partial

from orca.engine import Core
from orca.provision.audit.entries import Entry, write
from orca.provision.people.throttle import Throttle
from orca.resources import ids, rows
from orca.resources.errors import Refused
from orca.store import ReadTx

KINDS = ("apiKey", "agentApiKey", "password")
"""Kinds of credentials that a sign-in may name."""
FAILURES = (401, 429)


class FailedSignIns:
    """Writes the rows of one server."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._throttle = Throttle()

    @contextlib.asynccontextmanager
    async def noted(self, name: str | None, address: str, auth: str) -> AsyncIterator[None]:
        """Note it when a caller who names this access key or login is refused in the block."""
        try:
            yield
        except Refused as refused:
            if name is not None and refused.status in FAILURES:
                await self._note(name, address, auth, refused)
            raise

    async def _note(self, name: str, address: str, auth: str, refused: Refused) -> None:
        credential = await self._core.db.read(partial(named, name=name))
        if credential is None:
            return
        # Throttled attempts are counted separately, so that they leave rows even after many others.
        counted = f"{credential.id} {refused.status}"
        if self._throttle.wait(counted, address) == 0:
            self._throttle.attempt(counted, address)
            # Not awaited: the time of the refusal must not reveal whether the name exists.
            self._core.spawn(self._write(entry(credential, address, auth, refused)))

    async def _write(self, row: Entry) -> None:
        await self._core.db.write(lambda tx: write(tx, row))


def named(tx: ReadTx, name: str) -> rows.Credential | None:
    """The key or login of that name, whatever its state."""
    return tx.first(rows.Credential, publicValue=name, kind=KINDS)


def entry(credential: rows.Credential, address: str, auth: str, refused: Refused) -> Entry:
    """The content of the row."""
    return Entry(
        account_id=credential.accountId,
        user_id=None,
        auth=auth,
        client=address,
        event=f"api.{credential.type}.refused",
        resource_type=credential.type,
        resource_id=ids.show(credential.type, credential.id),
        request=None,
        response={"code": refused.code, "message": refused.message},
        status=refused.status,
    )
