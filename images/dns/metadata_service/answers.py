# SPDX-License-Identifier: Apache-2.0
"""What a request gets."""

import json
import time
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote_plus, urlsplit

from .feed import Feed
from .known import Known
from .tree import MISSING, VERSIONS, find, text

WAIT_SECONDS, LONGEST_WAIT_SECONDS = 60, 120
OF_OTHERS = frozenset({"containers", "services"})
"""Keys of an own service or stack with which other containers come in."""
LOOK_SECONDS = 0.5
"""How often a caller that waits for a change looks at the file."""


class Answer(NamedTuple):
    """Status, media type and body."""

    status: int
    body: str
    media: str = "text/plain; charset=utf-8"


class Answers:
    """Answers by what is known."""

    def __init__(self, known: Known, feed: Feed) -> None:
        self._known = known
        self._feed = feed

    async def get(self, address: str, target: str, accept: str) -> Answer:
        """Answer ``GET target`` of a client; ``accept`` is its header."""
        as_json = "json" in accept
        url = urlsplit(target)
        version, *path = [unquote_plus(step) for step in url.path.strip("/").split("/")]
        self._known.look()
        if not self._known.serves(address):
            return _refusal(403, "Not a container of this host", as_json)
        if not version:
            return _shown({each: f"/{each}" for each in VERSIONS}, as_json)
        if version not in VERSIONS:
            return _refusal(404, "Invalid version", as_json)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        if query.get("wait") == "true" and "value" in query:
            found = await self._change(address, version, path, query["value"], query.get("maxWait", ""))
        else:
            found = await self._now(address, version, path)
        return _refusal(404, "Not found", as_json) if found is MISSING else _shown(found, as_json)

    async def _now(self, address: str, version: str, path: list[str]) -> Any:
        found = self._find(address, version, path)
        if _is_own(path) and found is not MISSING:
            return found  # the host knows it since the start of the container
        self._feed.want()
        if path == ["version"]:
            return found
        await self._feed.wait()
        return self._find(address, version, path)

    async def _change(self, address: str, version: str, path: list[str], value: str, longest: str) -> Any:
        """Wait until a path has another text than a value, or for a time; return what it has then."""
        seconds = min(int(longest) if longest.isdecimal() and int(longest) else WAIT_SECONDS, LONGEST_WAIT_SECONDS)
        end = time.monotonic() + seconds
        while True:
            self._feed.want()
            found, seen = self._find(address, version, path), self._known.version
            if found is not MISSING and text(found) != value:
                return found
            while self._known.version == seen:
                if (left := end - time.monotonic()) <= 0:
                    return found
                await self._known.wait(min(left, LOOK_SECONDS))
                self._known.look()
                self._feed.want()

    def _find(self, address: str, version: str, path: list[str]) -> Any:
        """Return what lies at a path. The whole tree is made only for a request that needs it."""
        if path == ["version"]:
            return str(self._known.version)
        if _is_own(path):
            return find(self._known.see_own(address), path[1:])
        return find(self._known.see(address, version), path)


def _is_own(path: list[str]) -> bool:
    """True if a path leads into what the client itself is."""
    return path[:1] == ["self"] and len(path) > 2 and path[2] not in OF_OTHERS


def _shown(value: Any, as_json: bool) -> Answer:
    return Answer(200, json.dumps(value), "application/json") if as_json else Answer(200, text(value))


def _refusal(status: int, message: str, as_json: bool) -> Answer:
    error = json.dumps({"code": status, "message": message, "type": "error"})
    return Answer(status, error, "application/json") if as_json else Answer(status, message + "\n")
