# SPDX-License-Identifier: Apache-2.0
"""A registry on the loopback with one tiny image, or one that accepts connections and never answers.

Protocol: OCI distribution specification, the four requests that a pull makes. Docker takes plain HTTP from 127.0.0.0/8.
"""

import asyncio
import contextlib
import gzip
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator

from .fakeserver import dumps

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def _layer() -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        content = b"hello\n"
        member = tarfile.TarInfo("hello.txt")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return data.getvalue()


def _digest(blob: bytes) -> str:
    return "sha256:" + hashlib.sha256(blob).hexdigest()


class Registry:
    """Serves ``127.0.0.1:PORT/agt/tiny:1``; with ``hang`` it accepts requests and stays silent."""

    def __init__(self, *, hang: bool = False) -> None:
        layer = _layer()
        packed = gzip.compress(layer, mtime=0)
        config = dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
            }
        )
        manifest = dumps(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": {
                    "mediaType": "application/vnd.docker.container.image.v1+json",
                    "size": len(config),
                    "digest": _digest(config),
                },
                "layers": [
                    {
                        "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                        "size": len(packed),
                        "digest": _digest(packed),
                    }
                ],
            }
        )
        self._answers = {
            "/v2/": (b"{}", "application/json"),
            "/v2/agt/tiny/manifests/1": (manifest, _MANIFEST),
            f"/v2/agt/tiny/manifests/{_digest(manifest)}": (manifest, _MANIFEST),
            f"/v2/agt/tiny/blobs/{_digest(config)}": (config, "application/octet-stream"),
            f"/v2/agt/tiny/blobs/{_digest(packed)}": (packed, "application/octet-stream"),
        }
        self._hang = hang
        self.asked = asyncio.Event()
        self.port = 0

    @property
    def image(self) -> str:
        return f"127.0.0.1:{self.port}/agt/tiny:1"

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator["Registry"]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, path, _ = (await reader.readline()).decode().split()
            while (await reader.readline()).strip():
                pass
            self.asked.set()
            if self._hang:
                await reader.read()  # until Docker gives up
                return
            blob, kind = self._answers.get(path, (b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', "application/json"))
            status = "200 OK" if path in self._answers else "404 Not Found"
            head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(blob)}\r\nConnection: close\r\n"
            head += f"Docker-Content-Digest: {_digest(blob)}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n\r\n"
            writer.write(head.encode() + (b"" if method == "HEAD" else blob))
            await writer.drain()
        finally:
            writer.close()
