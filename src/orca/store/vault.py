# SPDX-License-Identifier: Apache-2.0
"""Secrets that must be readable again: AES-256-GCM under a master key that is kept outside the database."""

from __future__ import annotations

import base64
import hmac
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12


class Vault:
    """Seals and opens short texts; ``context`` must match to open.

    A sealed text is base64 of nonce and ciphertext.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def open_file(cls, path: Path) -> Vault:
        """The vault of a data directory; the key file (0600) is made when there is none."""
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return cls(path.read_bytes())
        with os.fdopen(descriptor, "wb") as file:
            key = os.urandom(KEY_BYTES)
            file.write(key)
            file.flush()
            os.fsync(descriptor)
        return cls(key)

    def derive(self, purpose: str) -> bytes:
        """A key for something else, always the same for the same purpose."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    @cached_property
    def _cipher(self) -> AESGCM:
        # Imported at the first secret: cryptography would be a good part of the server's start.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def seal(self, text: str, context: str = "") -> str:
        """Encrypt."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), context.encode())).decode()

    def open(self, sealed: str, context: str = "") -> str:
        """Decrypt. Raises ``cryptography.exceptions.InvalidTag`` when the text was not sealed here, or for this."""
        raw = base64.b64decode(sealed)
        return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode()).decode()
