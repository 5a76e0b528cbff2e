# SPDX-License-Identifier: Apache-2.0
"""Clients without credentials that say nothing keep out nobody."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import ssl
from pathlib import Path

import httpx
from realserver import RealServer, free_port

DESCRIPTORS = 250
CROWD = 600
PROGRAM = (
    "-c",
    f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (100, {DESCRIPTORS})); "
    "from orca.api.connections import acceptor; acceptor.HANDSHAKE_SECONDS = 0.5; "
    "from orca.cli import main; main()",
)
"""The server with few descriptors, and less patience."""
BODY = b"POST /v1/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n{"
SCHEMAS = b"GET /v1/schemas HTTP/1.1\r\nHost: localhost\r\n\r\n"
UPGRADE = (
    b"GET /v1/subscribe HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
)


@contextlib.asynccontextmanager
async def crowd(port: int, words: list[bytes]):
    """Connections that say these words in turn, and nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard >= 0 else 4096, hard))
    writers = []
    try:
        for number in range(CROWD):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writers.append(writer)
            with contextlib.suppress(ConnectionError):
                writer.write(words[number % len(words)])
        yield
    finally:
        for writer in writers:
            writer.transport.abort()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_others_connect_and_work(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.program = PROGRAM
    await server.start()
    try:
        port = int(server.url.rpartition(":")[2])
        words = [
            b"",
            b"GET /v1",
            BODY % 60_000,
            BODY % 4_000_000,
            UPGRADE,
            b"GET /v1/schemas HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
        async with crowd(port, words):
            made = await server.post("environments", {"name": "meanwhile"})
            assert (await server.get(f"environments/{made['id']}"))["name"] == "meanwhile"
            text = (await server.http.get(f"{server.url}/metrics")).text
        figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        assert float(figures["orca_connections_limit"]) < DESCRIPTORS
        assert float(figures["orca_connections"]) <= float(figures["orca_connections_limit"])
        assert float(figures['orca_connections_cut_total{reason="full"}']) > 0
    finally:
        await server.kill()
        await server.http.aclose()


async def test_a_handshake_that_does_not_end(tmp_path: Path) -> None:
    port = free_port()
    server = RealServer(tmp_path, "--listen", f"0.0.0.0:{port}", "--advertise-url", f"https://localhost:{port}")
    server.program = PROGRAM
    await server.start()
    try:
        trust = ssl.create_default_context(cafile=str(tmp_path / "tls" / "ca.crt"))
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        async with crowd(port, [b"", b"\x16\x03\x01\x02\x00"]), httpx.AsyncClient(verify=trust, timeout=30) as client:
            assert (await client.get(f"https://localhost:{port}/ping")).text == "pong"
        silent.close()

        reader, silent = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        silent.close()
        text = (await server.http.get(f"{server.url}/metrics")).text
        line = next(
            line for line in text.splitlines() if line.startswith('orca_connections_cut_total{reason="handshake"')
        )
        assert float(line.rsplit(" ", 1)[1]) > 0
    finally:
        await server.kill()
        await server.http.aclose()
