# SPDX-License-Identifier: Apache-2.0
"""The server's side of the agent protocol, over real TLS and a real WebSocket, for one agent."""

import asyncio
import base64
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from orca.wire import Epoch, Event, Hello, decode, encode, names

from .pki import Authority

TOKEN = "A:1:sig"  # three parts, as real tokens have
KEYS = ("agentkey", "agentsecret")
WAIT = 20.0
PING_SECONDS = 5.0  # as the real server


class FakeServer:
    """Remembers every request and event. ``address`` is what its certificate says, ``listen`` where it really is."""

    def __init__(self, ca: Authority, directory: Path, address: str = "127.0.0.1", listen: str = "127.0.0.1") -> None:
        self.ca = ca
        self.certificate, self.key = ca.issue(directory, address)
        self.socket = socket.create_server((listen, 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"https://{listen}:{self.port}"
        self.requests: list[str] = []
        self.events: list[Event] = []
        self.hellos: list[Hello] = []
        self.tells_epoch = True
        self.moved: list[str] = []
        self.token_valid = True
        self.keys_valid = True
        self._connection: WebSocket | None = None
        self._news = asyncio.Condition()
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._pinger: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "FakeServer":
        application = Starlette(
            routes=[
                Route("/v1/scripts/ca.crt", self._ca),
                Route("/v1/scripts/{token}", self._script),
                Route("/v1/register", self._register, methods=["GET", "POST"]),
                WebSocketRoute("/v1/subscribe", self._subscribe),
            ]
        )
        config = uvicorn.Config(
            application,
            ssl_certfile=self.certificate,
            ssl_keyfile=self.key,
            log_level="warning",
            lifespan="off",
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self.socket]))
        self._pinger = asyncio.create_task(self._ping())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None and self._task is not None and self._pinger is not None
        self._pinger.cancel()
        await self.hang_up()
        self._server.should_exit = True
        await self._task

    # -- what a test does ----------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until ``condition()`` is true and return its value."""
        async with self._news:
            try:
                async with asyncio.timeout(WAIT):
                    await self._news.wait_for(condition)
            except TimeoutError:
                raise AssertionError(f"no {what} within {WAIT} s; events: {self.events}") from None
        return condition()

    async def connected(self, times: int = 1) -> Hello:
        """Wait for the hello of the ``times``-th connection."""
        hellos: list[Hello] = await self.until(lambda: self.hellos[times - 1 :], f"hello {times}")
        return hellos[0]

    async def send(self, name: str, payload: Any = None) -> Event:
        """Send a request and return it."""
        assert self._connection is not None, "no agent is connected"
        event = Event.request(name, payload)
        await self._connection.send_text(encode(event))
        return event

    async def reply_to(self, request: Event) -> Event:
        """Wait for the final reply."""
        replies: list[Event] = await self.until(
            lambda: [e for e in self.events if request.id in e.previous_ids and e.transitioning != "yes"],
            f"reply to {request.name}",
        )
        return replies[0]

    async def ask(self, name: str, payload: Any = None) -> Event:
        """Send a request and wait for its final reply."""
        return await self.reply_to(await self.send(name, payload))

    async def report(self, name: str, matches: Callable[[Event], bool] = lambda _: True) -> Event:
        """Wait for a report of the agent."""
        found: list[Event] = await self.until(lambda: [e for e in self.events if e.name == name and matches(e)], name)
        return found[0]

    async def hang_up(self) -> None:
        """End the present connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close(1012, "restarting")

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._connection is not None:
                await self.send(names.PING)

    # -- endpoints -----------------------------------------------------------------------------------------------

    async def _note(self, request: Request) -> None:
        async with self._news:
            self.requests.append(f"{request.method} {request.url.path}")
            self._news.notify_all()

    async def _ca(self, request: Request) -> Response:
        await self._note(request)
        return PlainTextResponse(self.ca.pem)

    async def _script(self, request: Request) -> Response:
        await self._note(request)
        if not self.token_valid or request.path_params["token"] != TOKEN:
            return JSONResponse(
                {"type": "error", "status": 401, "code": "Unauthorized", "message": "token expired"}, 401
            )
        return PlainTextResponse(
            "#!/bin/sh\n"
            'export CATTLE_REGISTRATION_ACCESS_KEY="registrationToken"\n'
            f'export CATTLE_REGISTRATION_SECRET_KEY="{TOKEN}"\n'
            f'export CATTLE_URL="{self.url}/v1"\n'
            'export DETECTED_CATTLE_AGENT_IP="127.0.0.1"\n'
        )

    async def _register(self, request: Request) -> Response:
        await self._note(request)
        if request.headers.get("authorization") != _basic("registrationToken", TOKEN):
            return JSONResponse({"type": "error", "status": 401, "code": "Unauthorized"}, 401)
        if request.method == "POST":
            key = (await request.json())["key"]
            return JSONResponse({"type": "register", "key": key, "state": "registering"}, 201)
        row = {"key": request.query_params["key"], "accessKey": KEYS[0], "secretKey": KEYS[1]}
        return JSONResponse({"type": "collection", "data": [row]})

    async def _subscribe(self, connection: WebSocket) -> None:
        if not self.keys_valid or connection.headers.get("authorization") != _basic(*KEYS):
            await connection.send_denial_response(JSONResponse({"type": "error", "status": 401}, 401))
            return
        await connection.accept()
        self._connection = connection
        try:
            while True:
                event = decode(await connection.receive_text())
                async with self._news:
                    self.events.append(event)
                    if event.name == names.HELLO:
                        self.hellos.append(event.read(Hello))
                    self._news.notify_all()
                if event.name == names.HELLO and self.tells_epoch:
                    await connection.send_text(encode(Event.request(names.EPOCH, Epoch(epoch=0, moved=self.moved))))
        except WebSocketDisconnect:
            if self._connection is connection:
                self._connection = None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def dumps(document: Any) -> bytes:
    """JSON as bytes, in one fixed form."""
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
