# SPDX-License-Identifier: Apache-2.0
"""What the server says about itself: types, processes, extension points."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from site_of_everybody import Site, opened

from orca.store import Tx


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with opened(tmp_path) as site:
        yield site


async def test_a_process_is_defined_by_its_states_and_who_takes_part(site: Site) -> None:
    shown = (await site.ask("admin", "GET", "processdefinitions/instance.start")).body
    assert (shown["id"], shown["type"], shown["resourceType"]) == ("instance.start", "processDefinition", "instance")
    steps = {(step["type"], step["fromState"], step["toState"]) for step in shown["stateTransitions"]}
    assert ("TRANSITIONING", "stopped", "starting") in steps
    assert ("DONE", "starting", "running") in steps
    (own,) = shown["processHandlers"]["implementations"]
    assert own["className"].startswith("orca.")
    assert shown["preProcessListeners"]["implementations"] == []
    listed = (await site.ask("admin", "GET", "processdefinitions")).body["data"]
    assert {"host.activate", "service.update", "volume.allocate"} <= {each["id"] for each in listed}


async def test_an_external_handler_appears_where_it_takes_part(site: Site) -> None:
    point = "extensionpoints/process.host.activate.pre.listeners"
    assert (await site.ask("admin", "GET", point)).body["implementations"] == []
    body = {"name": "watcher", "retries": 2, "timeoutMillis": 5000, "processConfigs": [{"name": "pre.host.activate"}]}
    assert (await site.ask("admin", "POST", "externalhandlers", body)).status == 201
    assert (await site.ask("admin", "GET", point)).body["implementations"] == []
    await site.core.db.write(activate)
    found = (await site.ask("admin", "GET", point)).body["implementations"]
    assert found[0]["properties"] == {
        "name": "watcher",
        "priority": "1000",
        "eventName": "pre.host.activate;handler=watcher",
        "retry": "2",
        "timeoutMillis": "5000",
    }


def activate(tx: Tx) -> None:
    """What the processes of the handler would do, which nothing works on here."""
    for type in ("externalHandler", "externalHandlerProcess", "externalHandlerExternalHandlerProcessMap"):
        for row in tx.find(type, state="registering"):
            tx.update(row, state="active")


async def test_documentation_covers_what_the_role_sees(site: Site) -> None:
    (host,) = [
        each for each in (await site.ask("project", "GET", "typedocumentations")).body["data"] if each["id"] == "host"
    ]
    assert "hostname" in host["resourceFields"]
    assert "agentId" not in host["resourceFields"]
    assert (await site.ask("project", "GET", "typedocumentations/zone")).status == 404
    assert (await site.ask("project", "GET", "processdefinitions")).status == 404
    names = {each["id"] for each in (await site.ask("admin", "GET", "resourcedefinitions")).body["data"]}
    assert {"host", "instance", "service"} <= names
