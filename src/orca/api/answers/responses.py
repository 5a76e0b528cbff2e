# SPDX-License-Identifier: Apache-2.0
"""Answers and refusals as HTTP responses, with the headers of the API."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from orca.api.answers.operations import Answer, NotAllowed
from orca.api.callers.caller import Caller
from orca.api.errors import error_body
from orca.api.requests.ask import Ask
from orca.resources import ids
from orca.resources.errors import Refused
from orca.resources.views import VERSIONS


def response(ask: Ask, caller: Caller | None, answer: Answer) -> Response:
    """A JSON response, or a file, with the API's headers."""
    more = headers(ask, caller)
    if ask.ignored:
        more["X-Orca-Ignored-Fields"] = ", ".join(
            name for name in sorted(set(ask.ignored)) if name.isascii() and name.isprintable()
        )
    file = isinstance(answer.body, bytes)
    made = Response(
        answer.body if file else msgspec.json.encode(answer.body),
        status_code=answer.status,
        headers=more,
        media_type="application/octet-stream" if file else "application/json; charset=utf-8",
    )
    for cookie in answer.cookies:
        made.headers.append("Set-Cookie", cookie)
    return made


def refusal(ask: Ask, caller: Caller | None, refused: Refused) -> Response:
    """An error in the API's form."""
    made = response(ask, caller, Answer(refused.status, error_body(refused)))
    if refused.retry_after is not None:
        made.headers["Retry-After"] = str(refused.retry_after)
    if isinstance(refused, NotAllowed):
        made.headers["Allow"] = ", ".join(refused.methods)
    if refused.status == 401 and ask.headers.get("x-api-no-challenge", "").lower() != "true":
        made.headers["WWW-Authenticate"] = 'Basic realm="orca"'
    return made


def headers(ask: Ask, caller: Caller | None) -> dict[str, str]:
    """``X-API-*``, and what keeps browsers from guessing."""
    version = ask.version if ask.version in VERSIONS else VERSIONS[0]
    base = ask.base if ask.version in VERSIONS else f"{ask.origin}/{version}"
    shown = {
        "X-API-Schemas": f"{base}/schemas",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    if caller is not None:
        shown["X-API-Account-Id"] = ids.show("account", caller.account.id)
        shown["X-API-User-Id"] = ids.show("account", caller.user.id)
        shown["X-API-Account-Kind"] = str(caller.account.kind)
        name = str(caller.account.name or "")
        if name.isascii() and name.isprintable():
            shown["X-API-Account-Name"] = name
    return shown


def unreadable(refused: Refused) -> Response:
    """The answer to a request that is too malformed for an answer with links."""
    return Response(msgspec.json.encode(error_body(refused)), refused.status, media_type="application/json")
