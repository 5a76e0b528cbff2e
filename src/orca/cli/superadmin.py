# SPDX-License-Identifier: Apache-2.0
"""``orca server superadmin-key``: the only way to get a superadmin's key, for users who may write to the data
directory.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import click
import sqlalchemy as sa

from orca.cli.errors import CommandError
from orca.provision.audit.entries import Entry, write
from orca.provision.people.credentials import add_active_key, new_access_key, new_secret_key
from orca.resources import ids, rows, schema
from orca.store import CannotOpen, Database, Tx

NAME = "superadmin"
EVENT = "server.superadmin-key"
"""Its name in the audit log, which no request of the API has."""


async def make_key(data_dir: Path, url: str) -> dict[str, str]:
    """Make an active key of superadmin. A server on the same database may be running."""
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise CommandError(f"{data_dir} is not there, or not yours: this is for the server's own user")
    access_key, secret_key = new_access_key(), new_secret_key()
    try:
        db = await Database.join(url, schema())
        try:
            await db.write(lambda tx: grant(tx, access_key, secret_key))
        finally:
            await db.close()
    except CannotOpen as error:
        raise CommandError(str(error)) from error
    except sa.exc.OperationalError as error:
        raise CommandError(f"the database takes nothing now: {error.orig}") from error
    return {"accessKey": access_key, "secretKey": secret_key}


def grant(tx: Tx, access_key: str, secret_key: str) -> None:
    """Make the key valid, and record that in the audit log."""
    account = tx.first(rows.Account, uuid="superadmin")
    if account is None:
        raise CommandError("no server was started here yet; its first start makes the accounts")
    tx.update(account, state="active")
    key = add_active_key(tx, account.id, NAME, access_key, secret_key)
    entry = Entry(
        account_id=account.id,
        user_id=None,
        auth=None,
        client="",
        event=EVENT,
        resource_type="apiKey",
        resource_id=ids.show("apiKey", key.id),
        request=None,
        response={"publicValue": access_key},
        status=201,
    )
    write(tx, entry)


@click.command("superadmin-key")
@click.pass_obj
def superadmin_key(place: tuple[Path, str]) -> None:
    """Make a key of superadmin and print it as JSON; the server may be running.

    The key may do everything, even what no administrator may. It is printed once and stored nowhere; each call makes
    another one. With such a key the API lists and removes keys of superadmin, or deactivates the account.
    """
    os.umask(0o077)
    click.echo(json.dumps(asyncio.run(make_key(*place))))
