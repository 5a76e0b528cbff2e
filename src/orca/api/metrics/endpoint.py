# SPDX-License-Identifier: Apache-2.0
"""``GET /metrics`` and ``GET /metrics/targets``: who gets which figures.

Administrators get all. A project's key, and a member inside a project, get those of the project. After the setting
``metrics.public`` everybody gets the figures about the server itself, which name nobody.
"""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

from starlette.responses import Response

from orca.api.callers.caller import Caller
from orca.api.connections.visitors import Visitors
from orca.api.metrics import inventory, page, targets
from orca.api.metrics.inventory import Inventory
from orca.api.metrics.measurements import Measurements
from orca.api.metrics.resources import Resources
from orca.engine import Core
from orca.provision.people.roles import EVERYWHERE, PROJECT_ROLES
from orca.provision.settings import values as settings
from orca.resources.errors import Refused
from orca.store import ReadTx

PATH, TARGETS = "/metrics", "/metrics/targets"


class Sees(NamedTuple):
    """What a reader may see: the server's own figures, and those of what it runs."""

    server: bool
    resources: bool


def sees(tx: ReadTx, caller: Caller | None) -> Sees:
    """What a caller may see."""
    everything = caller is not None and caller.role in EVERYWHERE
    inside = caller is not None and caller.role in ("project", *PROJECT_ROLES)
    public = settings.value(tx, settings.METRICS_PUBLIC) == "true"
    return Sees(everything or public, everything or inside)


class Endpoint:
    """Figures of one server, and of what it runs."""

    def __init__(self, core: Core, visitors: Visitors) -> None:
        self.latencies = page.Latencies()
        self._core = core
        self._visitors = visitors
        self._measurements = Measurements(core)

    async def respond(self, path: str, caller: Caller | None) -> Response:
        """Answer a request for one of the two paths. Raises ``Refused`` with 403."""
        return await (self._figures(caller) if path == PATH else self._targets(caller))

    async def _figures(self, caller: Caller | None) -> Response:
        def read(tx: ReadTx) -> tuple[dict[str, int] | None, Inventory | None]:
            seen = sees(tx, caller)
            if not any(seen):
                raise forbidden("figures are for administrators, and for members of projects")
            known = inventory.take(tx, caller) if caller is not None and seen.resources else None
            return page.processes(tx) if seen.server else None, known

        processes, known = await self._core.db.read(read)
        collectors: list[page.Collector] = []
        if processes is not None:
            collectors.append(page.Figures(self._core, self._visitors, self.latencies, processes))
        if known is not None:
            collectors.append(Resources(known, await self._measurements.take(known)))
        body, media_type = await asyncio.to_thread(page.exposition, collectors, of_process=processes is not None)
        return Response(body, media_type=media_type)

    async def _targets(self, caller: Caller | None) -> Response:
        def read(tx: ReadTx) -> list[dict[str, object]]:
            if caller is None or not sees(tx, caller).resources:
                raise forbidden("targets are for administrators, and for members of projects")
            return targets.take(tx, caller)

        return Response(json.dumps(await self._core.db.read(read)), media_type="application/json")


def forbidden(message: str) -> Refused:
    """403 in the API's words."""
    return Refused("Forbidden", message, status=403)
