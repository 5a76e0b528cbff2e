# SPDX-License-Identifier: Apache-2.0
"""Key pairs: an access key that names an account, a secret key that proves it."""

from __future__ import annotations

import hashlib
import re
import secrets
import string

from orca.resources import rows
from orca.resources.errors import Refused
from orca.store import Tx

REGISTRATION_USER = "registrationtoken"
"""The user name, in any case, with which a host sends its registration token."""
BEARER_USER = "x-api-bearer"
"""The user name, in any case, with which a client sends a session's token; ``=`` and a project may follow."""
_ALPHABET = string.ascii_letters + string.digits
ACCESS_KEY_LENGTH = 20
SECRET_KEY_LENGTH = 43
"""Characters of a secret: 62 to the power of 43 is more than 256 bits."""


def new_access_key() -> str:
    """A fresh public name, upper case as in v1."""
    return "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(ACCESS_KEY_LENGTH))


def is_generated(name: str) -> bool:
    """True if a name looks like an access key that the server made."""
    return re.fullmatch(f"[A-Z0-9]{{{ACCESS_KEY_LENGTH}}}", name) is not None


def check_login(name: str, field: str) -> None:
    """Raise ``Refused``, blaming the field, for a name that does not work for every way of signing in."""
    if ":" in name:
        raise Refused("InvalidCharacters", "a login has no colon: it ends the name in `code`", field=field)
    user = name.lower()
    if user == REGISTRATION_USER or user.partition("=")[0] == BEARER_USER or is_generated(name):
        message = (
            "a login must not look like an access key (20 capitals and digits), or be a name that tokens are sent with"
        )
        raise Refused("InvalidOption", message, field=field)


def new_secret_key() -> str:
    """A fresh secret of letters and digits, safe in URLs and shells."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(SECRET_KEY_LENGTH))


def secret_hash(secret: str) -> str:
    """The stored hash of a secret. It has 256 random bits, so a plain hash is safe against guessing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def add_active_key(tx: Tx, account_id: int, name: str, access_key: str, secret_key: str) -> rows.ApiKey:
    """A key that works at once, for the server's own use, without a process."""
    return tx.insert(
        rows.ApiKey,
        accountId=account_id,
        name=name,
        state="active",
        publicValue=access_key,
        secretHash=secret_hash(secret_key),
    )
