# SPDX-License-Identifier: Apache-2.0
"""The ASGI application: finds out what a request is about and passes it to the part that handles it.

A GET is one read. A change is one writing unit, after a read has identified the caller; requests with wrong keys only
reach the audit log. The client never sees a traceback: refusals come in the API's words, and a defect of the server is
a plain 500 with the id under which it was logged.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from orca import wire
from orca.api import html
from orca.api.agents.revocation import watched
from orca.api.agents.socket import AgentSocket
from orca.api.answers import listing, responses
from orca.api.answers.operations import Answer, NotAllowed, Operation, Stale, not_found
from orca.api.callers import sessions
from orca.api.callers.bearer import check_csrf
from orca.api.callers.caller import Caller, identify
from orca.api.callers.signer import Signer
from orca.api.connections.visitors import Visitors
from orca.api.events import RAW, EventSocket, EventStream, Opening
from orca.api.metrics import endpoint as metrics
from orca.api.requests import reading
from orca.api.requests.ask import SAFE, Ask, take_apart
from orca.api.requests.body import read_body
from orca.api.requests.origin import check_origin
from orca.api.requests.reading import Given
from orca.api.streams import Backends, StreamSockets
from orca.api.streams.paths import ROOTS as STREAMS
from orca.engine import Core, Later
from orca.engine.exchange import Exchange
from orca.provision.audit.failed_sign_ins import FailedSignIns
from orca.provision.hosts.registration import registration_script
from orca.provision.hosts.tokens import TokenRefused
from orca.provision.people.passwords import Passwords
from orca.resources.errors import Refused
from orca.resources.views import VERSIONS
from orca.store import REQUESTS, WORK, NoSpace, ReadTx, Tx, Work

T = TypeVar("T")
log = logging.getLogger(__name__)

CLOSE_POLICY = 1008
CHANGES = ("POST", "PUT", "DELETE")
READINGS = 5
"""Times a request is read again because its row has changed meanwhile."""


class Application:
    """One server's API. ``stopping`` is set when open streams must end."""

    def __init__(self, core: Core, visitors: Visitors) -> None:
        self.core = core
        self.visitors = visitors
        self.assets = html.Assets()
        self.pages = html.Pages(self, self.assets)
        self.streams = StreamSockets(core)
        self.failures = FailedSignIns(core)
        self.stopping = asyncio.Event()
        self.metrics = metrics.Endpoint(core, visitors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI entry point."""
        if scope["type"] == "websocket":
            await self.websocket(WebSocket(scope, receive, send))
        elif scope["type"] == "http":
            began = time.monotonic()
            response = await self.http(Request(scope, receive))
            self.metrics.latencies.add(scope["method"], scope["path"], response.status_code, time.monotonic() - began)
            await response(scope, receive, send)

    # -- HTTP --------------------------------------------------------------------------------------------------------

    async def http(self, request: Request) -> Response:
        """Answer a request."""
        if request.url.path == "/ping":
            return Response("pong", media_type="text/plain")
        if request.url.path.startswith(html.assets.PREFIX):
            return self.assets.serve(request.url.path)
        try:
            ask = take_apart(request.scope, self.visitors.trusted)
        except Refused as refused:
            return responses.unreadable(refused)
        caller: Caller | None = None
        try:
            if html.wanted(ask):
                return await self.pages.respond(ask, request)
            check_origin(ask)
            if request.url.path in (metrics.PATH, metrics.TARGETS):
                return await self.figures(request.url.path, ask)
            root = await self.root(ask)
            if root is not None:
                return responses.response(ask, *root)
            if ask.path[:1] == ["scripts"] and len(ask.path) == 2:
                return await self.script(ask)
            if asks_for_stream(ask):
                return await self.stream(ask, request)
            caller, answer = await self.perform(ask, request)
            return responses.response(ask, caller, answer)
        except Refused as refused:
            return responses.refusal(ask, caller, refused)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            return responses.refusal(ask, caller, self.defect(ask))

    async def figures(self, path: str, ask: Ask) -> Response:
        """``/metrics``, also for callers without credentials; its room decides what they get."""
        ask = replace(ask, version=VERSIONS[-1], path=[])
        caller = await self.identity(ask) if "authorization" in ask.headers or self.core.server.open else None
        return await self.metrics.respond(path, caller)

    async def root(self, ask: Ask) -> tuple[Caller, Answer] | None:
        """The list of versions; None if the request is about one of them. 404 for others."""
        if not ask.version:
            if ask.method not in SAFE:
                raise NotAllowed(["GET"])
            return await self.identity(replace(ask, version=VERSIONS[0])), Answer(200, versions(ask))
        if ask.version not in VERSIONS:
            raise not_found()
        return None

    def defect(self, ask: Ask) -> Refused:
        """Log the exception that is being handled; return the client's answer."""
        incident = str(uuid.uuid4())
        log.exception("incident %s: %s %s", incident, ask.method, "/".join(ask.path))
        return Refused("Internal Server Error", f"an error of the server, logged as {incident}", status=500)

    async def perform(self, ask: Ask, request: Request) -> tuple[Caller, Answer]:
        """Identify the caller and carry out the request."""
        if ask.method in SAFE:
            return await self.read(ask)
        caller = await self.identify(ask)
        # Signing in needs no cookie, and the cookie of an ended session must not prevent it.
        if not sessions.is_sign_in(ask):
            check_csrf(ask)
        ask.body = await read_body(request, stranger=caller.stranger)
        return caller, await self.change(ask, caller)

    async def read(self, ask: Ask) -> tuple[Caller, Answer]:
        """Answer a GET; also return the caller."""

        def read(tx: ReadTx) -> tuple[Caller, Answer]:
            caller = identify(tx, self.core, ask)
            return caller, Operation(tx, self.core, ask, caller).read()

        caller, answer = await self.identified(ask, read)
        caller.introduce(ask)
        if isinstance(answer.body, Later):
            answer = replace(answer, body=await answer.body.ask())
        return caller, answer

    async def identify(self, ask: Ask) -> Caller:
        """The caller of a change."""

        def read(tx: ReadTx) -> Caller:
            caller = identify(tx, self.core, ask)
            if ask.method not in CHANGES:
                raise NotAllowed(Operation(tx, self.core, ask, caller).methods())
            return caller

        caller = await self.identified(ask, read)
        caller.introduce(ask)
        return caller

    async def change(self, ask: Ask, caller: Caller) -> Answer:
        """Carry out a request other than GET."""
        if ask.method == "POST" and [part.lower() for part in ask.path] == ["publish"]:
            return self.publish(ask, caller)

        WORK.set(Work(REQUESTS, caller.account.id, f"{ask.method} /{'/'.join((ask.version, *ask.path))}"))
        with self.core.readings.room(caller.account.id, len(ask.body)):
            for _ in range(READINGS):
                given = await self.given(ask, caller)
                try:
                    return await self.write(ask, caller, given)
                except Stale:
                    continue
        raise Refused("Conflict", "others keep changing this resource; look at it and try again", status=409)

    async def given(self, ask: Ask, caller: Caller) -> Given | None:
        """Read a request before its unit; None if its body has no meaning."""
        if ask.method == "DELETE":
            return None
        meant = await self.core.db.read(lambda tx: Operation(tx, self.core, ask, caller).meant())
        return await reading.read(self.core, ask, caller.view, meant, caller.account.id)

    async def write(self, ask: Ask, caller: Caller, given: Given | None) -> Answer:
        """The unit of a change. Raises ``Stale`` if the request must be read again first."""

        if given is not None and given.looks:
            return await self.core.db.read(lambda tx: Operation(tx, self.core, ask, caller, given).change())

        def unit(tx: Tx) -> Answer:
            return Operation(tx, self.core, ask, caller, given).write()

        try:
            async with self.failures.noted(sessions.login_of(ask), ask.client, "TokenAccount"):
                answer = await self.core.part(Passwords).resolve(lambda: self.core.db.write(unit))
        except NoSpace as error:
            raise Refused("Insufficient Storage", f"nothing was changed: {error}", status=507) from error
        return replace(answer, cookies=sessions.cookies(ask, answer.body))

    async def identified(self, ask: Ask, read: Callable[[ReadTx], T]) -> T:
        """Run a read that begins with ``identify``; passwords are checked outside of it."""
        name, _ = ask.basic() or (None, "")
        async with self.failures.noted(name, ask.client, "BasicAuth"):
            return await self.core.part(Passwords).resolve(lambda: self.core.db.read(read))

    def publish(self, ask: Ask, caller: Caller) -> Answer:
        """``POST publish``: an agent or a handler answers outside its socket."""
        if "publish" not in caller.view.types:
            raise not_found()
        body = ask.json()
        try:
            event = msgspec.convert(body, wire.Event)
        except msgspec.ValidationError as error:
            raise Refused("InvalidFormat", str(error)) from None
        if not event.name.startswith("reply."):
            if caller.role not in RAW:
                raise Refused("Forbidden", "only replies can be published", status=403)
            self.core.part(Exchange).publish(event)
        elif caller.agent_id is None:
            self.core.part(Exchange).reply(event)
        else:
            connection = self.core.agents.get(caller.agent_id)
            if isinstance(connection, AgentSocket):
                connection.deliver(event)
        return Answer(201, {**body, "type": "publish", "links": {}, "actions": {}})

    async def script(self, ask: Ask) -> Response:
        """``/v1/scripts/ca.crt``, ``api.crt`` and ``<token>``: what is needed before there are credentials."""
        name = ask.path[1]
        if name == "ca.crt":
            return Response(self.core.server.ca_pem, media_type="application/x-pem-file")
        if name == "api.crt":
            pem = await asyncio.to_thread(self.core.part(Signer).public_key)
            return Response(pem, media_type="application/x-pem-file")
        try:
            text = await self.core.db.read(lambda tx: registration_script(tx, self.core, name, ask.client))
        except TokenRefused as error:
            raise Refused("Unauthorized", str(error), status=401) from None
        return Response(text, media_type="text/plain; charset=utf-8")

    # -- WebSocket ---------------------------------------------------------------------------------------------------

    async def websocket(self, socket: WebSocket) -> None:
        """An agent's connections, a client's event stream, and streams of hosts and containers."""
        try:
            ask = take_apart(socket.scope, self.visitors.trusted)
        except Refused as refused:
            await socket.send_denial_response(responses.unreadable(refused))
            return
        first = "/".join(ask.path[:1]).lower()
        try:
            check_origin(ask, websocket=True)
            if ask.version not in VERSIONS:
                raise not_found()
            if first in STREAMS:
                await self.streams.serve(socket, ask, self.stopping)
            elif first == wire.STREAM_PATH and len(ask.path) == 1:
                await self.backend(socket, ask)
            elif first == "subscribe" and len(ask.path) == 1:
                await self.subscribe(socket, ask)
            else:
                raise not_found()
        except Refused as refused:
            await socket.send_denial_response(responses.refusal(ask, None, refused))

    async def subscribe(self, socket: WebSocket, ask: Ask) -> None:
        """``subscribe``: an agent's command socket, or a client's event stream."""
        caller = await self.identity(ask)
        if "subscribe" not in caller.view.types and "subscribe" not in caller.view.paths:
            raise not_found()
        if caller.role == "agent":
            await socket.accept()
            if caller.agent_id is None:
                await socket.close(CLOSE_POLICY, "this agent was removed")
                return
            agent = AgentSocket(self.core, socket, caller.agent_id, ask.client)
            async with watched(self.core, agent, caller, lambda: self.still(ask)):
                await agent.serve(self.stopping)
        else:
            opening = Opening(self.core, ask, caller, lambda: self.still(ask))
            await socket.accept()
            await EventSocket(socket, opening).serve(self.stopping)

    async def stream(self, ask: Ask, request: Request) -> Response:
        """``subscribe`` without a WebSocket: the same events, a line each."""
        caller = await self.identity(ask)
        type = caller.view.types.get("subscribe")
        if type is None:
            raise not_found()
        if ask.method not in type.collection_methods:
            raise Refused("Method not allowed", status=405)
        ask.body = await read_body(request, stranger=caller.stranger)
        opening = Opening(self.core, ask, caller, lambda: self.still(ask))
        return EventStream(opening, self.stopping, responses.headers(ask, caller))

    async def identity(self, ask: Ask) -> Caller:
        """The caller. Raises ``Refused``."""
        caller = await self.identified(ask, lambda tx: identify(tx, self.core, ask))
        caller.introduce(ask)
        return caller

    async def still(self, ask: Ask) -> Caller:
        """The caller as of now, if it was admitted before: no sign-in. Raises ``Refused``."""
        return await self.core.part(Passwords).resolve(
            lambda: self.core.db.read(lambda tx: identify(tx, self.core, ask))
        )

    async def backend(self, socket: WebSocket, ask: Ask) -> None:
        """``connectbackend``: an agent opens a stream that the server requested."""
        caller = await self.identity(ask)
        if caller.agent_id is None:
            raise Refused("Forbidden", "this is for agents", status=403)
        await self.core.part(Backends).serve(ask.first("ticket") or "", caller.agent_id, socket)


def asks_for_stream(ask: Ask) -> bool:
    """True if an HTTP request wants events; without names, GET shows the (empty) collection as of any other type."""
    if [part.lower() for part in ask.path] != ["subscribe"]:
        return False
    return ask.method == "POST" or (ask.method == "GET" and ask.first("eventNames") is not None)


def versions(ask: Ask) -> dict[str, Any]:
    """The list of versions at the root."""
    data = [
        {"id": version, "type": "apiVersion", "links": {"self": f"{ask.origin}/{version}"}, "actions": {}}
        for version in VERSIONS
    ]
    collection = listing.plain(ask, "apiVersion", data)
    collection["links"] = {"self": f"{ask.origin}/", "latest": f"{ask.origin}/{VERSIONS[0]}"}
    return collection
