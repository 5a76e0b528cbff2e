# SPDX-License-Identifier: Apache-2.0
"""Tokens of people who signed in, as requests carry them: ``Authorization: Bearer``, HTTP Basic with the user
``X-API-BEARER`` (``X-API-BEARER=<project>`` chooses a project too), or the cookie of a browser.

A browser sends its cookie with requests of any page. So a change by cookie needs a second secret in the header
``X-API-CSRF``, which only our own pages can read from the cookie ``CSRF``.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from orca.api.requests.ask import Ask
from orca.provision.people.credentials import BEARER_USER
from orca.resources.errors import Refused

COOKIE = "token"
CSRF_COOKIE = "CSRF"
CSRF_HEADER = "x-api-csrf"


@dataclass(frozen=True)
class Bearer:
    """A token, the project named with it, and whether a browser sent it automatically."""

    token: str
    project: str | None = None
    by_cookie: bool = False


def bearer(ask: Ask) -> Bearer | None:
    """The token of a request. Other credentials in the header win over the cookie."""
    scheme, _, value = ask.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return Bearer(value.strip())
    if scheme:
        name, secret = ask.basic() or ("", "")
        user, _, project = name.partition("=")
        return Bearer(secret, project or None) if user.lower() == BEARER_USER else None
    cookie = cookies_of(ask).get(COOKIE)
    return Bearer(cookie, by_cookie=True) if cookie else None


def cookies_of(ask: Ask) -> dict[str, str]:
    """The cookies of a request."""
    try:
        return {name: part.value for name, part in SimpleCookie(ask.headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def csrf_of(token: str) -> str:
    """The proof that a change by cookie comes from our own page; it follows from the token."""
    return hashlib.sha256(f"csrf:{token}".encode()).hexdigest()


def check_csrf(ask: Ask) -> None:
    """Refuse a change that a browser may have sent for another site. Raises ``Refused`` with 403."""
    given = bearer(ask)
    if given is None or not given.by_cookie:
        return
    proof = ask.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(proof.encode(), csrf_of(given.token).encode()):
        raise Refused("Forbidden", "a change by cookie needs X-API-CSRF, the value of the cookie CSRF", status=403)


def set_cookies(ask: Ask, token: str | None, seconds: int = 0) -> tuple[str, ...]:
    """``Set-Cookie`` values that keep a token in a browser, or (None) remove it."""
    secure = "; Secure" if ask.origin.startswith("https:") else ""
    rest = f"; Path=/; Max-Age={seconds if token else 0}; SameSite=Strict{secure}"
    csrf = csrf_of(token) if token else ""
    return (f"{COOKIE}={token or ''}{rest}; HttpOnly", f"{CSRF_COOKIE}={csrf}{rest}")
