# SPDX-License-Identifier: Apache-2.0
"""Registration tokens: text that lets a host join one project. Checking needs no table of issued tokens.

``<accessKey>:<epoch milliseconds>:<signature>``, exactly three parts as in v1. The time is the start of the UTC day on
which the server showed the token, so that the token is the same all day. If the lifetime is shorter than a day, it is
the start of such a span. The signature is HMAC-SHA-256 over the first two parts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable

DAY_MS = 86_400_000
DEFAULT_LIFETIME_MS = 30 * DAY_MS
"""How long a token is valid after the span in which it was shown (setting ``registration.token.period.millis``)."""


class TokenRefused(Exception):
    """The token is invalid; the message says why and reveals no key."""


def issue(access_key: str, secret: bytes, now: int, lifetime: int = DEFAULT_LIFETIME_MS) -> str:
    """The token of the day (or span) that holds ``now``; times in UTC milliseconds."""
    return _signed(access_key, now - now % _span(lifetime), secret)


def verify(token: str, secret_of: Callable[[str], bytes | None], now: int, lifetime: int = DEFAULT_LIFETIME_MS) -> str:
    """Return the access key of a valid token.

    ``secret_of`` gives the secret of an access key, None if there is no active key of that name. So revoking the row
    revokes all its tokens at once.

    Raises:
        TokenRefused: malformed, unknown, revoked, forged, from the future or expired.
    """
    access_key, _, rest = token.partition(":")
    stamp, _, signature = rest.partition(":")
    if not (access_key and stamp.isascii() and stamp.isdigit() and len(stamp) <= 15 and signature) or ":" in signature:
        raise TokenRefused("this is not a registration token")
    secret = secret_of(access_key)
    # Compare even if the key is unknown, so that the answer takes as long for a revoked key as for a wrong signature.
    expected = _signed(access_key, int(stamp), secret or b"\0")
    if not hmac.compare_digest(expected.encode(), token.encode()) or secret is None:
        raise TokenRefused("the registration token is not valid or was revoked")
    issued = int(stamp)
    if now >= issued + _span(lifetime) + lifetime:
        raise TokenRefused("the registration token has expired: create a new one or show the project's token again")
    if issued > now + DAY_MS:
        raise TokenRefused("the registration token comes from the future: is the server's clock right?")
    return access_key


def _span(lifetime: int) -> int:
    return max(1, min(DAY_MS, lifetime))


def _signed(access_key: str, stamp: int, secret: bytes) -> str:
    head = f"{access_key}:{stamp}"
    digest = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    # Without characters that are special in a URL path or a shell word.
    signature = base64.b64encode(digest).decode().translate({ord(character): None for character in "/=+"})
    return f"{head}:{signature}"
