# SPDX-License-Identifier: Apache-2.0
"""What is removed can be looked at, purged and restored, and is not changed; for every type."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import Site, opened

from orca.resources import ids, processes_of
from orca.resources.views import TypeView, view
from orca.store import Tx

KINDS = [
    type
    for type in view("superadmin", "v2").types.values()
    if type.type.table and type.type.view is None and type.type.base and type.name not in ("account", "project")
]


def remove(tx: Tx, type: TypeView, id: str) -> None:
    fields = {"removed": tx.now, "removeTime": tx.now} | ({"state": "removed"} if processes_of(type.name) else {})
    tx.update(tx.require(type.name, ids.parse(id) or 0), **fields)


async def test_what_is_removed_stays_as_it_is(tmp_path: Path) -> None:
    wrong = []
    async with opened(tmp_path) as site:
        for type in KINDS:
            if await changed(site, type):
                wrong.append(type.name)
    assert wrong == []
    assert len(KINDS) > 60


async def changed(site: Site, type: TypeView) -> bool:
    """Whether something can be done about a removed row that is not asked for there."""
    id = site.rows["superadmin", type.name][1]
    url = f"{type.path}/{id}"
    await site.core.db.write(lambda tx: remove(tx, type, id))
    before = (await site.ask("superadmin", "GET", url)).body
    bad = any(action not in ("purge", "restore") for action in before["actions"])
    for action in type.actions.values():
        if action.states is None:
            reply = await site.ask("superadmin", "POST", f"{url}/?action={action.name}", {}, version="v2")
            bad |= (reply.status, reply.body["code"]) != (422, "ActionNotAvailable")
    if "PUT" in type.resource_methods:
        reply = await site.ask("superadmin", "PUT", url, {"description": "other"}, version="v2")
        bad |= (reply.status, reply.body["code"]) != (422, "ActionNotAvailable")
    return bad or (await site.ask("superadmin", "GET", url)).body != before


@pytest.mark.parametrize("kind", ["service", "container", "environment", "apiKey", "registry"])
def test_the_usual_ones_are_among_them(kind: str) -> None:
    assert kind in [type.name for type in KINDS if "PUT" in type.resource_methods]
