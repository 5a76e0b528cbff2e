# SPDX-License-Identifier: Apache-2.0
"""Actions of collections are for those who may make such a resource there, in /v2 alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import opened
from test_rights import ROLES, letters

from orca.resources import TYPES

ACTIONS = [(type.name, action) for type in TYPES.values() for action in type.collection_actions]


def test_which_there_are() -> None:
    assert sorted(ACTIONS) == [("environment", "apply"), ("environment", "plan")]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_they_need_the_right_to_create(tmp_path: Path, version: str) -> None:
    wrong = []
    async with opened(tmp_path) as site:
        for name, action in ACTIONS:
            for role in ROLES:
                path = f"{TYPES[name].plural}?action={action}"
                reply = await site.ask(role, "POST", path, {}, version=version)
                # In /v1 the parameter means nothing: a resource is to be created.
                wanted = (422, "MissingRequired") if "c" in letters(name, role, version) else None
                good = (
                    reply.status in (401, 404, 405)
                    if wanted is None
                    else (reply.status, reply.body.get("code")) == wanted
                )
                if not good:
                    wrong.append((role, action, reply.status, reply.body))
                shown = await site.ask(role, "GET", TYPES[name].plural, version=version)
                offered = shown.body.get("actions") if shown.status == 200 else {}
                if (action in offered) != (wanted is not None and version == "v2"):
                    wrong.append((role, action, offered))
    assert wrong == []
