# SPDX-License-Identifier: Apache-2.0
"""Secrets that must be readable again: AES-256-GCM under a master key that is kept outside the database."""

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
        """The vault of a data directory; the key file (0600) is made when there is none."""
        if not path.exists():
            files.put(path, os.urandom(KEY_BYTES))
        return cls(path.read_bytes())

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

    def opens(self, sealed: str, context: str = "") -> bool:
        """Whether a text was sealed with this key, for this."""
        from cryptography.exceptions import InvalidTag

        try:
            self.open(sealed, context)
        except (InvalidTag, ValueError):
            return False
        return True
