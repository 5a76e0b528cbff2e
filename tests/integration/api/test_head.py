# SPDX-License-Identifier: Apache-2.0
"""What comes before a body is bounded: nobody without a key fills the server's memory or holds its connections."""

import contextlib
import json
import os
import socket
import time
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from orca.api.connections.head import HEAD_BYTES, HEAD_LINES

PIECE = b"x" * 65_536
MUCH = 64 * 1024 * 1024
GROWTH = 8 * 1024 * 1024
"""Bytes that the server may take for a connection which sends ``MUCH``: reading buffers, and what it does besides."""
SECONDS = 20
HOST = b"Host: localhost\r\n"
UPGRADE = (
    HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
)
CHUNKED = b"POST /v1/environments HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@contextlib.contextmanager
def dialled(server):
    """A connection to the server."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=SECONDS) as connection:
        yield connection


def answers(connection):
    """Everything that comes until the server hangs up."""
    found = b""
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65_536):
            found += piece
    return found


def refused(text):
    """Whether an answer is the documented one."""
    head, _, body = text.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 "), text[:200]
    error = json.loads(body)
    assert (error["type"], error["status"], error["code"]) == ("error", 431, "Request Header Fields Too Large")


def head(length, start=b"GET /v1/hosts HTTP/1.1\r\n" + HOST):
    """A request whose head has about so many bytes."""
    return start + b"X-Long: " + b"x" * (length - len(start) - 200) + b"\r\n\r\n"


@pytest.mark.parametrize("start", [b"GET /v1/hosts HTTP/1.1\r\n" + HOST, b"GET /v1/subscribe HTTP/1.1\r\n" + UPGRADE])
def test_the_size_of_a_head(server, start):
    with dialled(server) as connection:
        connection.sendall(head(HEAD_BYTES, start))
        assert b" 401 " in connection.recv(65_536)
    with dialled(server) as connection:
        connection.sendall(head(HEAD_BYTES + 1000, start))
        refused(answers(connection))


@pytest.mark.parametrize("upgrade", [False, True])
def test_the_number_of_headers(server, upgrade):
    start = b"GET /v1/subscribe HTTP/1.1\r\n" + (UPGRADE if upgrade else HOST)
    more = HEAD_LINES - start.count(b"\n") + 1
    with dialled(server) as connection:
        connection.sendall(start + b"X: y\r\n" * more + b"\r\n")
        assert b" 401 " in connection.recv(65_536)
    with dialled(server) as connection:
        connection.sendall(start + b"X: y\r\n" * (more + 1) + b"\r\n")
        refused(answers(connection))


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET /v1 HTTP/1.1\r\nX: ",
        b"GET /v1 HTTP/1.1\r\n",
        b"GET /v1/subscribe HTTP/1.1\r\n" + UPGRADE + b"X: ",
        CHUNKED + b"2;x=",
        CHUNKED + b"2\r\n{}\r\n0\r\nX: ",
    ],
    ids=["line", "header", "name", "upgrade", "chunk", "trailer"],
)
def test_what_goes_on_for_ever_is_cut_off_and_kept_nowhere(server, start):
    before = memory(server)
    sent, began = 0, time.monotonic()
    with dialled(server) as connection, pytest.raises(ConnectionError):
        connection.sendall(start)
        while time.monotonic() - began < SECONDS:
            connection.sendall(PIECE)
            sent += len(PIECE)
            if sent <= MUCH:
                assert memory(server) - before < GROWTH
    assert sent > HEAD_BYTES
    assert httpx.get(f"{server.url}/ping").text == "pong"


def memory(server):
    """Bytes that the server's process has in memory."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def test_a_body_in_the_same_bytes_is_none_of_the_head(server):
    body = b" " * 200_000 + b"{}"
    long = head(HEAD_BYTES)
    post = b"POST /v1/environments HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with dialled(server) as connection:
        connection.sendall(post + long + long + b"GET /v1 HTTP/1.1\r\nConnection: close\r\n\r\n")
        found = answers(connection)
    assert found.count(b"HTTP/1.1 401 ") == 4
    assert b" 431 " not in found


def test_a_long_token_of_a_stream_fits(server):
    url = f"{server.url.replace('http', 'ws')}/v1/hoststats?token={'x' * 60_000}"
    with pytest.raises(Exception, match="401"), connect(url):
        pass


def test_what_is_no_http_is_refused_in_the_same_form(server):
    with dialled(server) as connection:
        connection.sendall(b"hello\r\n\r\n")
        text = answers(connection)
    assert text.startswith(b"HTTP/1.1 400 ")
    assert json.loads(text.partition(b"\r\n\r\n")[2])["type"] == "error"


@pytest.mark.parametrize("name", [b"Sec-WebSocket-Protocol", b"Sec-WebSocket-Extensions", b"Connection"])
def test_headers_of_an_upgrade_are_refused_in_the_same_form(server, name):
    lines = [line for line in UPGRADE.split(b"\r\n") if line and not line.startswith(name)]
    with dialled(server) as connection:
        connection.sendall(b"\r\n".join([b"GET /v1/subscribe HTTP/1.1", *lines, name + b": Upgrade, \xff", b"", b""]))
        text = answers(connection)
    head, _, body = text.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), text[:200]
    assert name.decode().lower() in json.loads(body)["message"]
