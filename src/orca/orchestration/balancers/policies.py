# SPDX-License-Identifier: Apache-2.0
"""A balancer's configuration as callers give it: cookies that keep a client at its target, and lines of HAProxy's own.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orca.hoststate.plan import balancer_text
from orca.orchestration.balancers.plan import Link, Listener, Settings, plan
from orca.resources.errors import Refused

COOKIE_LENGTH, MOST_LENGTH = 64, 1024
"""Characters of an application's cookie that count, unless its policy says another number; and the most of them."""
MOST_SECONDS = 2_000_000
"""HAProxy's own numbers are milliseconds in 31 bits."""
_ANY = Listener(80, "http", 80, "http"), Link(0)


def settings(given: Mapping[str, Any], uuid: str) -> Settings:
    """What ``loadBalancerConfig`` says. A cookie without a name is named after the configuration, as in 2015."""
    return Settings(
        cookie=_cookie(given.get("lbCookieStickinessPolicy"), uuid),
        application_cookie=_application_cookie(given.get("appCookieStickinessPolicy")),
        custom={key: text for key, text in (given.get("haproxyConfig") or {}).items() if text},
    )


def check(given: Mapping[str, Any] | None) -> None:
    """Refuse a ``loadBalancerConfig`` that no host could use. Only HAProxy itself can judge users' own lines."""
    reason = fault(settings(given or {}, "new"))
    if reason is not None:
        raise Refused("InvalidOption", f"loadBalancerConfig: {reason}", field="loadBalancerConfig")


def fault(found: Settings) -> str | None:
    """Why hosts could not use such settings."""
    listener, link = _ANY
    try:
        balancer_text.configuration(plan([listener], [link], found).description, {})
    except ValueError as error:
        return str(error)
    return None


def _cookie(policy: Mapping[str, Any] | None, uuid: str) -> dict[str, Any] | None:
    """The cookie that the balancer itself gives."""
    if not policy:
        return None
    return {
        "name": policy.get("cookie") or policy.get("name") or f"lbCookie_{uuid}",
        "mode": policy.get("mode") or "insert",
        "indirect": bool(policy.get("indirect")),
        "nocache": bool(policy.get("nocache")),
        "postonly": bool(policy.get("postonly")),
        "domain": policy.get("domain"),
    }


def _application_cookie(policy: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The application's cookie; 2015 said its life in milliseconds."""
    if not policy:
        return None
    seconds = min(max(1, (policy.get("timeout") or 0) // 1000), MOST_SECONDS)
    length = policy.get("maxLength") or 0
    length = min(length, MOST_LENGTH) if length > 0 else COOKIE_LENGTH
    return {"name": policy["cookie"], "length": length, "seconds": seconds}
