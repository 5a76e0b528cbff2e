# SPDX-License-Identifier: Apache-2.0
"""Secrets that must be readable again: sealed by AES-256-GCM under a master key outside the database."""

from __future__ import annotations

import base64
import hmac
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from orca.store import files

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
        """The vault of a data directory; a missing key file (0600) is made."""
        if not path.exists():
            files.put(path, os.urandom(KEY_BYTES))
        return cls(path.read_bytes())

    def derive(self, purpose: str) -> bytes:
        """Derive a key for another purpose, always the same for the same purpose."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    @cached_property
    def _cipher(self) -> AESGCM:
        # Imported at the first secret: importing cryptography would slow down the server's start.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key)

    def seal(self, text: str, context: str = "") -> str:
        """Encrypt."""
        nonce = os.urandom(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), context.encode())).decode()

    def open(self, sealed: str, context: str = "") -> str:
        """Decrypt. Raises ``cryptography.exceptions.InvalidTag`` if the text was sealed with another key or context."""
        raw = base64.b64decode(sealed)
        return self._cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], context.encode()).decode()

    def opens(self, sealed: str, context: str = "") -> bool:
        """True if a text was sealed with this key and context."""
        from cryptography.exceptions import InvalidTag

        try:
            self.open(sealed, context)
        except (InvalidTag, ValueError):
            return False
        return True
