# SPDX-License-Identifier: Apache-2.0
"""Key pairs: an access key that names an account, a secret key that proves it."""

from __future__ import annotations

import hashlib
import secrets
import string

from orca.store import Record, Tx

_ALPHABET = string.ascii_letters + string.digits
ACCESS_KEY_LENGTH = 20
SECRET_KEY_LENGTH = 43
"""Characters of a secret: 62 to the power of 43 is more than 256 bits."""


def new_access_key() -> str:
    """A fresh public name, upper case as in v1."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(ACCESS_KEY_LENGTH))


def new_secret_key() -> str:
    """A fresh secret of letters and digits, safe in URLs and shells."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_KEY_LENGTH))


def secret_hash(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, so a plain hash cannot be searched backwards."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_active_key(tx: Tx, account_id: int, name: str, access_key: str, secret_key: str) -> Record:
    """A key that works at once: made by the server itself, where nobody waits for a process."""
    return tx.insert(
        "apiKey",
        accountId=account_id,
        name=name,
        state="active",
        publicValue=access_key,
        secretHash=secret_hash(secret_key),
    )
