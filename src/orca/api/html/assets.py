# SPDX-License-Identifier: Apache-2.0
"""Style and script of the pages: two small files, named by their content so that browsers may cache them forever."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/"
TYPES = {".css": "text/css", ".js": "text/javascript"}


class Assets:
    """The files, read once."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self._files: dict[str, tuple[bytes, str]] = {}
        for path in sorted(FOLDER.iterdir()):
            content = path.read_bytes()
            url = f"{PREFIX}{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
            self.urls[path.name] = url
            self._files[url] = (content, TYPES[path.suffix])

    def serve(self, path: str) -> Response:
        """Serve a file to any caller."""
        if path not in self._files:
            return Response("not found", status_code=404, media_type="text/plain")
        content, media_type = self._files[path]
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(content, media_type=f"{media_type}; charset=utf-8", headers=headers)
