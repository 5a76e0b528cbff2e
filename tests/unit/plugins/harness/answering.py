# SPDX-License-Identifier: GPL-3.0-or-later
"""The others' ends of a conversation: servers by name, a Docker engine on a Unix socket, programs, SSH's greeting."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import re
import select
import socket
import socketserver
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

from harness import authority
from harness.conversation import CUT, REGISTRY, SERVER, Conversation

ENGINE_VERSION = "1.41"
SSH_PORT = 22
NAMES = {"api": urlsplit(SERVER).netloc, "registry": REGISTRY}


@contextlib.contextmanager
def servers(conversation: Conversation) -> Iterator[None]:
    """Serve the API and the registry; connections to their names lead to them."""
    ports: dict[tuple[str, int], int] = {}
    channels: dict[tuple[str, int], str] = {}
    connect = socket.create_connection

    def create_connection(address: tuple[str, int], *arguments: Any, **more: Any) -> socket.socket:
        if address in ports and conversation.refuses(channels[address]):
            raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
        if address[1] == SSH_PORT:
            return _greeted(conversation, address[0])
        local = ("127.0.0.1", ports[address]) if address in ports else address
        return connect(local, *arguments, **more)

    with contextlib.ExitStack() as stack:
        for channel, name in NAMES.items():
            if channel == "registry" and not conversation.expects(channel):
                continue  # its handshakes take long
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), _handler(conversation, channel)))
            address = name.split(":")[0], int(name.split(":")[1])
            ports[address], channels[address] = server.server_port, channel
            if channel == "registry":
                server.socket = authority.registry().context.wrap_socket(server.socket, server_side=True)
            stack.enter_context(_running(server))
        stack.enter_context(mock.patch.object(socket, "create_connection", create_connection))
        yield


def _greeted(conversation: Conversation, address: str) -> socket.socket:
    """A connection whose other end has said something and hung up."""
    call = conversation.hear("ssh", "", address, None)
    if call is None:
        raise ConnectionRefusedError
    own, other = socket.socketpair()
    with other:
        other.sendall(call.content(conversation.root))
    return own


@contextlib.contextmanager
def engine_server(conversation: Conversation, path: Path) -> Iterator[None]:
    """Serve the Docker engine on a Unix socket."""
    path.unlink(missing_ok=True)
    handler = _handler(conversation, "engine")
    with socketserver.ThreadingUnixStreamServer(str(path), handler) as server, _running(server):
        yield
    path.unlink()


def run_program(conversation: Conversation, argv: list[str], **more: Any) -> Any:
    """Stands for `subprocess.run`."""
    line = " ".join([Path(argv[0]).name, *argv[1:]]).replace(str(conversation.root), "{root}")
    call = conversation.hear("command", "", line, more.get("input", ""))
    if call is None:
        raise AssertionError(f"a command that is not expected: {line}")
    said = call.content(conversation.root).decode()
    if call.status and more.get("check"):
        raise subprocess.CalledProcessError(call.status, argv, "", said)
    return subprocess.CompletedProcess(argv, call.status, *(("", said) if call.status else (said, "")))


@contextlib.contextmanager
def _running(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _handler(conversation: Conversation, channel: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def address_string(self) -> str:
            return channel

        def log_message(self, *_: object) -> None:
            """Quiet: the conversation says what was wrong."""

        def handle_any(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = re.sub(r"^/v1\.\d+(?=/)", "", self.path) if channel == "engine" else self.path
            if channel == "engine" and path == self.path:  # how versions are agreed on is no module's matter
                self.reply(200, json.dumps({"ApiVersion": ENGINE_VERSION}).encode())
                return
            call = conversation.hear(channel, self.command, path, _decoded(text), self.headers["Authorization"])
            if call is None:
                self.reply(500, b'{"code": "NotExpected", "message": "not expected"}')
            elif call.status == CUT:
                self.close_connection = True
            else:
                self.reply(call.status, call.content(conversation.root))

        def reply(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Api-Version", ENGINE_VERSION)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.path.startswith("/v") and "/exec/" in self.path:
                _await_reader(self.connection)
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any

    return Handler


def _await_reader(connection: socket.socket) -> None:
    """Wait until the other end has read everything.

    The Docker SDK reads the output of a command past its HTTP client, and loses what came together with the head.
    """
    while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0]:
        select.select([], [], [], 0.001)


def _decoded(text: bytes) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
