# SPDX-License-Identifier: Apache-2.0
"""Pull an image with progress; cancelling the coroutine ends the pull in the engine too."""

from collections.abc import Callable
from typing import Any

from orca.hoststate.engine_api import calls
from orca.wire import RegistryAuth

from .engine import Engine, EngineRefused
from .errors import CommandFailed

#: Called with a message for people and a percentage (None while the size is unknown).
Progress = Callable[[str, int | None], None]

_MEGABYTE = 1_000_000


class PullMeter:
    """Adds up the layers' progress documents."""

    def __init__(self) -> None:
        """Begin with no layer known."""
        self._layers: dict[str, tuple[int, int]] = {}

    def feed(self, document: dict[str, Any]) -> bool:
        """Take one progress document; return whether the sum changed."""
        detail = document.get("progressDetail") or {}
        if document.get("status") != "Downloading" or "total" not in detail:
            return False
        self._layers[str(document.get("id"))] = (int(detail.get("current", 0)), int(detail["total"]))
        return True

    @property
    def percent(self) -> int | None:
        """Downloaded bytes of the layers seen so far, in percent; None before the first."""
        total = sum(size for _, size in self._layers.values())
        return None if total <= 0 else min(100, 100 * sum(done for done, _ in self._layers.values()) // total)

    def describe(self, image: str) -> str:
        """Return a line for people."""
        if not self._layers:
            return f"Pulling {image}"
        done, total = (sum(column) / _MEGABYTE for column in zip(*self._layers.values(), strict=True))
        return f"Pulling {image}: {done:.1f} of {total:.1f} MB"


async def pull(engine: Engine, image: str, auth: RegistryAuth | None, progress: Progress) -> None:
    """Pull ``image``; without tag or digest it means ``latest``, as everywhere in Docker.

    Raises:
        CommandFailed: the engine could not get the image; the message is the engine's.
        EngineGone: Docker went away.
    """
    meter = PullMeter()
    progress(meter.describe(image), None)
    told: int | None = None
    try:
        async with engine.documents(calls.pull(image, _credentials(auth))) as documents:
            async for document in documents:
                if document.get("error"):
                    raise CommandFailed(f"Image {image} cannot be pulled: {document['error']}")
                # One message per 5 %: a pull of many layers has hundreds of documents.
                if meter.feed(document) and (told is None or (meter.percent or 0) >= told + 5):
                    told = meter.percent
                    progress(meter.describe(image), told)
    except EngineRefused as error:
        raise CommandFailed(f"Image {image} cannot be pulled: {error.message}") from error


def _credentials(auth: RegistryAuth | None) -> dict[str, str] | None:
    if auth is None:
        return None
    document = {"username": auth.username, "password": auth.password, "serveraddress": auth.server_address}
    if auth.email:
        document["email"] = auth.email
    return document
