# SPDX-License-Identifier: Apache-2.0
"""The server's own tokens: JSON Web Tokens (RFC 7519) signed with RS256 (RFC 7518, section 3.3).

The key is made and read, and the libraries are imported, for the first token, because that takes a good part of a
second.
"""

from __future__ import annotations

import secrets
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orca.store import files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM = "RS256"
ISSUER = "orca"
BITS = 2048


class BadToken(Exception):
    """The token is not one of ours, or has expired."""


class Signer:
    """Signs and checks tokens with the key in ``path`` (PEM, 0600); for all threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def sign(self, claims: dict[str, Any], lifetime: int) -> str:
        """A token with these claims, its issuer, time, expiry (``lifetime`` in seconds) and an id.

        A claim ``sub`` must be text.
        """
        import jwt

        now = int(time.time())
        own = {"iss": ISSUER, "iat": now, "exp": now + lifetime, "jti": secrets.token_urlsafe(12)}
        return jwt.encode({**claims, **own}, self._key, algorithm=ALGORITHM)

    def check(self, token: str) -> dict[str, Any]:
        """The claims of a token of ours that has not expired. Raises ``BadToken``."""
        import jwt

        public = self._key.public_key()
        try:
            claims: dict[str, Any] = jwt.decode(
                token, public, [ALGORITHM], issuer=ISSUER, options={"require": ["iss", "iat", "exp", "jti"]}
            )
        except jwt.InvalidTokenError as error:
            raise BadToken(str(error)) from None
        return claims

    def public_key(self) -> str:
        """The key to check tokens with, PEM."""
        from cryptography.hazmat.primitives import serialization

        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self._key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    @property
    def _key(self) -> RSAPrivateKey:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> RSAPrivateKey:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import rsa

        try:
            pem = self._path.read_bytes()
        except FileNotFoundError:
            made = rsa.generate_private_key(65537, BITS)
            form = serialization.PrivateFormat.PKCS8
            pem = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
            files.put(self._path, pem)
            return made
        key = serialization.load_pem_private_key(pem, password=None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key
