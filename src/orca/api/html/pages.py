# SPDX-License-Identifier: Apache-2.0
"""Requests of browsers: an answer becomes a page, a form becomes the request that it stands for."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import replace
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orca.api.answers import responses
from orca.api.answers.operations import Answer
from orca.api.answers.page import own_url
from orca.api.callers import sessions
from orca.api.callers.caller import Caller
from orca.api.html import forms
from orca.api.html.assets import Assets
from orca.api.html.shown import Shown, command
from orca.api.requests.ask import FORM, SAFE, Ask
from orca.api.requests.body import read_body
from orca.api.requests.origin import check_origin
from orca.engine import Core
from orca.resources.errors import Refused

BY_KEY = "_key"
"""The parameter that makes a browser prompt for an access key instead of showing the login form."""
MAX_FIELDS = 2000
PLAIN = frozenset({"scripts", "openapi.json", "subscribe", "publish", "configcontent"})
"""Paths that are never pages."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Vary": "Accept",
}


class Api(Protocol):
    """The methods of the application that pages use."""

    core: Core

    async def read(self, ask: Ask) -> tuple[Caller, Answer]: ...
    async def identify(self, ask: Ask) -> Caller: ...
    async def change(self, ask: Ask, caller: Caller) -> Answer: ...
    async def root(self, ask: Ask) -> tuple[Caller, Answer] | None: ...
    def defect(self, ask: Ask) -> Refused: ...


def wanted(ask: Ask) -> bool:
    """True if a page is asked for: by a browser, or by ``_format=html``."""
    if ask.path[:1] and ask.path[0].lower() in PLAIN:
        return False
    form = ask.first("_format")
    if form is not None:
        return form.lower() == "html"
    accept = ask.headers.get("accept", "").lower()
    return "text/html" in accept and "application/json" not in accept


class Pages:
    """Answers browsers."""

    def __init__(self, api: Api, assets: Assets) -> None:
        self.api = api
        self.assets = assets
        self._key = api.core.vault.derive("csrf")

    async def respond(self, ask: Ask, request: Request) -> Response:
        """A page for any request."""
        as_json = ask.first("_view") == "json"
        ask.query = [(key, value) for key, value in ask.query if key not in ("_format", "_view")]
        caller: Caller | None = None
        try:
            check_origin(ask)
            if ask.method in SAFE:
                found = filter_chosen(ask)
                if found is not None:
                    return RedirectResponse(found, status_code=303, headers=HEADERS)
                root = await self.api.root(ask)
                if root is not None:
                    return await self.page(ask, None, root[1], Shown())
                caller, answer = await self.api.read(ask)
                if isinstance(answer.body, bytes):
                    return responses.response(ask, caller, answer)
                return await self.page(ask, caller, answer, Shown(), as_json=as_json)
            caller = await self.api.identify(ask)
            ask.body = await read_body(request, stranger=caller.stranger)
            if sessions.is_sign_in(ask):
                return await self.sign_in(ask, caller)
            return await self.submit(ask, caller)
        except Refused as refused:
            return await self.error(ask, caller, refused)
        except Exception:
            return await self.error(ask, caller, self.api.defect(ask))

    async def sign_in(self, ask: Ask, caller: Caller) -> Response:
        """Handle the login form: set a cookie, and go back to the wanted page. The origin was checked before."""
        typed = typed_in(ask)
        ask.body = msgspec.json.encode({"code": f"{typed.get('user', '')}:{typed.get('password', '')}"})
        ask.headers = {**ask.headers, "content-type": "application/json"}
        return self.go_on(ask, await self.api.change(ask, caller), typed.get("back", ""))

    def go_on(self, ask: Ask, answer: Answer, back: str = "") -> Response:
        """Redirect to another of our pages, with the cookies of an answer."""
        inside = back.startswith("/") and not back.startswith(("//", "/\\"))
        response = RedirectResponse(f"{ask.origin}{back}" if inside else f"{ask.origin}/v2", 303, HEADERS)
        for cookie in answer.cookies:
            response.headers.append("Set-Cookie", cookie)
        return response

    async def submit(self, ask: Ask, caller: Caller) -> Response:
        """Carry out a submitted form and show the result; a refusal is shown in the filled-in form."""
        typed = typed_in(ask)
        name = typed.get("_form", "")
        state = Shown(form=name, typed=typed)
        back = replace(ask, method="GET", body=b"", query=[])
        try:
            if not hmac.compare_digest(typed.get("_csrf", "").encode(), self.csrf(caller).encode()):
                raise Refused("Forbidden", "this page is too old, or from another site; send it again", status=403)
            type = caller.view.types.get(typed.get("_schema", ""))
            body = {} if type is None else forms.body_of(type, "u" if name == "update" else "c", typed)
            state.request = command(ask, forms.masked(type, body))
            if "_preview" not in typed:
                ask.body = msgspec.json.encode(body)
                ask.headers = {**ask.headers, "content-type": "application/json"}
                answer = await self.api.change(ask, caller)
                if answer.cookies:
                    return self.go_on(ask, answer)
                state.typed = {}
                state.done = f"{answer.status} {HTTPStatus(answer.status).phrase}"
                return await self.page(ask, caller, answer, state)
        except Refused as refused:
            state.error = refused
        caller, answer = await self.api.read(back)
        status = 200 if state.error is None else state.error.status
        return await self.page(back, caller, Answer(status, answer.body), state)

    def csrf(self, caller: Caller) -> str:
        """The token in the forms of this user, which other sites cannot know."""
        return hmac.digest(self._key, str(caller.user.id).encode(), "sha256").hex()

    async def error(self, ask: Ask, caller: Caller | None, refused: Refused) -> Response:
        """A page with an error message."""
        response = await self.page(ask, caller, Answer(refused.status, {"type": "error"}), Shown(error=refused))
        if refused.status == 401 and ask.first(BY_KEY) is not None:
            response.headers["WWW-Authenticate"] = 'Basic realm="orca", charset="UTF-8"'
        return response

    async def page(
        self, ask: Ask, caller: Caller | None, answer: Answer, state: Shown, *, as_json: bool = False
    ) -> Response:
        """Render in a thread, because a long list takes time."""
        # Imported at the first page: importing the templates' engine would slow down the server's start.
        from orca.api.html.render import render

        csrf = "" if caller is None else self.csrf(caller)
        text = await asyncio.to_thread(
            render, ask, caller, answer.body, state, csrf=csrf, assets=self.assets.urls, as_json=as_json
        )
        headers = responses.headers(ask, caller) | HEADERS
        return Response(text, answer.status, headers=headers, media_type="text/html; charset=utf-8")


def typed_in(ask: Ask) -> dict[str, str]:
    """The fields of a form. Raises ``Refused`` if none of our pages sends such a form."""
    if ask.media_type != FORM:
        raise Refused("Forbidden", "a page sends forms; ask for application/json", status=403)
    try:
        return dict(parse_qsl(ask.body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"))
    except ValueError:
        raise Refused("InvalidBodyContent", "the form cannot be read") from None


def filter_chosen(ask: Ask) -> str | None:
    """The URL of a filter form: its three inputs become one parameter of the API."""
    name = ask.first("_field")
    if name is None:
        return None
    modifier, value = ask.first("_modifier") or "eq", ask.first("_value") or ""
    ask.query = [(key, text) for key, text in ask.query if not key.startswith("_") and text]
    if not name or not (value or modifier in ("null", "notnull")):
        return own_url(ask, marker=None)
    key = name if modifier == "eq" else f"{name}_{modifier}"
    ask.query.append((key, value))
    return own_url(ask, marker=None)
