# SPDX-License-Identifier: Apache-2.0
"""The engine's own checks of containers (``HEALTHCHECK``): it runs the command, and its document has the result."""

from collections.abc import Callable, Iterable
from typing import Any, get_args

from orca.agent.specification import milliseconds
from orca.wire import EngineHealth, EngineState, names, now_ms

OUTPUT_BYTES = 4096
SECRET_CHARACTERS = 4  # shorter values of variables are words of every output
MASK = "***"


class EngineChecks:
    """The last result of each managed container with such a check."""

    def __init__(self, put: Callable[[Iterable[EngineHealth]], None]) -> None:
        """Args: gets results that changed."""
        self._put = put
        self._known: dict[str, EngineHealth] = {}

    @property
    def everything(self) -> list[EngineHealth]:
        """The present results."""
        return list(self._known.values())

    def look(self, document: dict[str, Any]) -> None:
        """Take the result in Docker's document about a container."""
        found = health(document, now_ms())
        if found is None:
            self.forget(managed(document) or "")
            return
        before = self._known.get(found.uuid)
        if before is None or (before.state, before.started_at) != (found.state, found.started_at):
            self._known[found.uuid] = found
            self._put([found])

    def forget(self, uuid: str) -> None:
        """A container is gone."""
        self._known.pop(uuid, None)


def managed(document: dict[str, Any]) -> str | None:
    """Return the uuid of the instance of a container; None for one that the platform did not make."""
    uuid: str | None = (document["Config"].get("Labels") or {}).get(names.LABEL_INSTANCE_UUID)
    return uuid


def health(document: dict[str, Any], at: int) -> EngineHealth | None:
    """Return the result in Docker's document about a container; None for one that is not managed or not checked."""
    uuid, state = managed(document), document["State"]
    found = state.get("Health") or {}
    if not uuid or not state.get("Running") or found.get("Status") not in get_args(EngineState):
        return None
    log = found.get("Log") or []
    failed = found["Status"] == "unhealthy" and log
    return EngineHealth(
        uuid=uuid,
        state=found["Status"],
        at=at,
        started_at=milliseconds(state["StartedAt"]),
        reason=_words(log[-1], document["Config"].get("Env") or []) if failed else None,
    )


def _words(last: dict[str, Any], variables: list[str]) -> str:
    """The end of what the command wrote, without values of the container's variables; without any, how it ended."""
    text = str(last.get("Output") or "").strip()
    for value in sorted((each.partition("=")[2] for each in variables), key=len, reverse=True):
        if len(value) >= SECRET_CHARACTERS:
            text = text.replace(value, MASK)
    text = text.encode()[-OUTPUT_BYTES:].decode(errors="ignore")
    return text or f"the command ended with exit code {last.get('ExitCode')}"
