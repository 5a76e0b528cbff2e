# SPDX-License-Identifier: Apache-2.0
"""The version of the API to speak: the lower one of the engine's newest and ours.

An engine refuses versions below its own minimum (1.44 from engine 29 on), so no version works for all engines.
"""

from __future__ import annotations

from typing import Optional, Tuple

from .exchange import Head

OLDEST, NEWEST = (1, 41), (1, 47)


class TooOld(ValueError):
    """The engine does not speak the oldest version that we need."""


class Negotiation:
    """The version of one engine; ask it (``GET /_ping``) while ``version`` is ``None``."""

    def __init__(self) -> None:
        self.version: Optional[str] = None

    def learn(self, pong: Head) -> str:
        """Take the answer to ``/_ping``; return the version to speak.

        :raises TooOld: upgrade the engine.
        """
        offered = _parse(pong.headers.get("api-version", ""))
        if offered < OLDEST:
            raise TooOld(
                "the Docker engine speaks API {0}; {1} is needed: upgrade it to Docker 20.10 or newer".format(
                    _text(offered) if offered > (0, 0) else "of no known version", _text(OLDEST)
                )
            )
        self.version = _text(min(offered, NEWEST))
        return self.version

    def refused(self, status: int, message: str) -> bool:
        """True if the engine refused the version, since another engine runs there now: ask it, and repeat the
        request.
        """
        if status != 400 or "client version" not in message:
            return False
        self.version = None
        return True


def _parse(text: str) -> Tuple[int, int]:
    major, _dot, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def _text(version: Tuple[int, int]) -> str:
    return "{0}.{1}".format(*version)
