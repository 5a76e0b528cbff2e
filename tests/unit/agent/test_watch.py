# SPDX-License-Identifier: Apache-2.0
"""What is reported of containers while a hello lists them."""

import asyncio

from orca.agent.checks import EngineChecks
from orca.agent.watch import ContainerWatch


def document(external_id):
    return {
        "Id": external_id,
        "Name": f"/{external_id}",
        "Created": "2026-01-01T00:00:00Z",
        "Image": "sha256:0",
        "State": {"Status": "running", "Running": True, "StartedAt": "2026-01-01T00:00:00Z", "ExitCode": 0},
        "Config": {"Image": "i", "Labels": {}},
        "NetworkSettings": {"Networks": {}},
        "HostConfig": {},
    }


class Engine:
    """Lists what was there when it was asked, and takes its time."""

    def __init__(self):
        self.there, self.go_on = {}, asyncio.Event()

    async def everything(self):
        listed = list(self.there.values())
        await self.go_on.wait()
        for document in listed:
            yield document

    async def look(self, external_id):
        return self.there.get(external_id)


class Restarts:
    """Starts nothing."""

    def said(self):
        return {}

    async def review(self, document, *, at_once):
        return False

    async def only(self, present, said):
        pass


async def test_a_container_that_came_while_the_others_were_listed_is_reported_when_it_goes():
    engine, sent = Engine(), []
    watch = ContainerWatch(engine, Restarts(), sent.append, None, None, None, EngineChecks(None))
    listing = asyncio.create_task(watch.everything())
    await asyncio.sleep(0)
    engine.there["a"] = document("a")
    await watch._take({"Action": "start", "Actor": {"ID": "a"}})
    engine.go_on.set()
    assert await listing == []
    del engine.there["a"]
    await watch._take({"Action": "die", "Actor": {"ID": "a"}})
    await watch._take({"Action": "destroy", "Actor": {"ID": "a"}})
    assert [event.data["state"] for event in sent] == ["running", "removed"]
