# SPDX-License-Identifier: Apache-2.0
"""The content of a new data directory: the built-in accounts, the administrator's key, the first project."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path

import msgspec

from orca.api.datadir.layout import SERVER_ID
from orca.engine import Assembly
from orca.provision.people.credentials import add_active_key, new_access_key, new_secret_key
from orca.provision.people.passwords import hash_password
from orca.provision.settings.values import ACCESS_CONTROL, SECURITY
from orca.resources import rows
from orca.store import Tx, files

BUILT_IN = ("superadmin", "admin", "system", "service", "token")
ADMIN_FILE = "admin.json"


PASSWORD_LENGTH = 24


class WrongMode(Exception):
    """The data directory was made with the other choice of access control."""


class EmptyDatabase(Exception):
    """The database of a directory that was in use is empty."""


@dataclass(frozen=True)
class Admin:
    """The administrator's key and password, known in clear only while they are made."""

    access_key: str
    secret_key: str
    password: str
    password_hash: str


def identity(data_dir: Path) -> str:
    """The lasting id of the server that owns this data directory."""
    path = data_dir / SERVER_ID
    if not path.exists():
        files.put(path, f"{uuid.uuid4()}\n".encode())
    return path.read_text().strip()


async def first_start(assembly: Assembly, *, new: bool = True) -> Admin | None:
    """Set up a new database in one unit; None if that was done before. Raises ``WrongMode`` and ``EmptyDatabase``.

    ``new``: whether the data directory is new, too.

    A start that was killed before it wrote the file of the credentials is repeated: the file comes first, then the unit
    that makes the keys valid.
    """
    chosen = await assembly.db.read(
        lambda tx: tx.first(rows.Setting, name=ACCESS_CONTROL) or tx.first(rows.Setting, name=SECURITY)
    )
    if chosen is not None:
        if (chosen.value == "false") != assembly.server.open:
            raise WrongMode("access control is chosen when a data directory is made, and stays as it is")
        return None
    if not new:
        raise EmptyDatabase
    password = new_secret_key()[:PASSWORD_LENGTH]
    hashed = await asyncio.to_thread(hash_password, password)
    admin = Admin(new_access_key(), new_secret_key(), password, hashed)
    write_admin(assembly.server.data_dir, assembly.server.url, admin)
    await assembly.db.write(lambda tx: set_up(tx, assembly, admin))
    return admin


def set_up(tx: Tx, assembly: Assembly, admin: Admin) -> None:
    """Make the accounts, the administrator's key and the packages' rows; the administrator joins every project of
    these.
    """
    for name in BUILT_IN:
        tx.insert(rows.Account, uuid=name, kind=name, name=name, state="inactive" if name == "superadmin" else "active")
    account = tx.first(rows.Account, uuid="admin")
    assert account is not None
    add_active_key(tx, account.id, "admin", admin.access_key, admin.secret_key)
    tx.insert(
        rows.Password,
        accountId=account.id,
        name="admin",
        state="active",
        publicValue="admin",
        secretHash=admin.password_hash,
    )
    for name in (SECURITY, ACCESS_CONTROL):
        tx.insert(rows.Setting, name=name, value="false" if assembly.server.open else "true")
    for step in assembly.first_start:
        step(tx)
    for project in tx.find(rows.Project):
        tx.insert(
            rows.ProjectMember,
            projectId=project.id,
            accountId=project.id,
            state="active",
            externalId=str(account.id),
            role="owner",
            externalIdType="rancher_id",
            name="admin",
        )


def write_admin(data_dir: Path, url: str, admin: Admin) -> None:
    """Write the credentials to a file that only the server's user can read."""
    content = {
        "url": url,
        "accessKey": admin.access_key,
        "secretKey": admin.secret_key,
        "password": admin.password,
    }
    files.put(data_dir / ADMIN_FILE, msgspec.json.format(msgspec.json.encode(content)) + b"\n")
