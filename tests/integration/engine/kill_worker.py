# SPDX-License-Identifier: Apache-2.0
"""A server without an API, to be killed: starts containers on a pretended agent until all are done.

Usage: ``kill_worker.py DIR COUNT POINT NTH``. What the agent did lies in ``DIR/agent`` (one file per creation, named
for container and address), outside the database, as a real host's containers do. ``POINT`` names where the process
kills itself the ``NTH`` time it gets there; ``none`` lets it finish. Status 0 means that every process has ended.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orca import wire
from orca.engine import Assembly, Behaviour, Run, Server
from orca.resources import rows, schema
from orca.store import Database, Tx, Vault
from orca.store.writer import Writer

DIRECTORY, COUNT, POINT, NTH = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
AGENT_ID = 1
passed = 0


def pass_point(name: str) -> None:
    """Die here if this is the place and the time."""
    global passed
    if name == POINT:
        passed += 1
        if passed == NTH:
            os.kill(os.getpid(), signal.SIGKILL)


class Agent:
    """Ensures a file per container, as the real agent ensures a container per uuid."""

    agent_id = AGENT_ID
    address = "pretended"
    closed = False

    async def request(self, name: str, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        pass_point("command sent")
        name = f"{data['uuid']}={data['address']}"
        if not list((DIRECTORY / "agent").glob(f"{data['uuid']}=*")):
            (DIRECTORY / "agent" / name).touch(exist_ok=False)
        await asyncio.sleep(0)
        pass_point("before the reply")
        return {"externalId": f"docker-{data['uuid']}", "state": "running", "address": data["address"], "started": 1}

    def post(self, name: str, data: Mapping[str, Any]) -> None:
        raise NotImplementedError

    async def close(self, reason: str) -> None:
        raise NotImplementedError


def install(assembly: Assembly) -> None:
    behaviour = Behaviour()

    @behaviour.process("instance.start")
    async def start(run: Run) -> None:
        def place(tx: Tx) -> dict[str, str]:
            taken = tx.count(rows.IpAddress, networkId=1)
            address = tx.insert(
                rows.IpAddress, accountId=1, networkId=1, address=f"10.42.0.{10 + taken}", instanceId=run.resource_id
            )
            return {"uuid": run.resource(tx, rows.Instance).uuid, "address": address.address}

        where = await run.step("place", place)
        reply = await run.command(AGENT_ID, "compute.instance.activate", where, form=wire.Activated)
        run.finish(lambda tx: tx.update(run.resource(tx, rows.Instance), externalId=reply["externalId"], hostId=1))

    assembly.add(behaviour)


def watch_commits() -> None:
    """Make the writer pass the points around COMMIT."""
    record, answer = Writer._record_events, Writer._answer

    def before(self: Writer, *args: Any) -> Any:
        result = record(self, *args)
        pass_point("before commit")
        return result

    def after(self: Writer, *args: Any) -> None:
        pass_point("after commit")
        answer(self, *args)

    Writer._record_events, Writer._answer = before, after  # type: ignore[method-assign]


async def main() -> None:
    watch_commits()
    db = await Database.open(f"sqlite:///{DIRECTORY / 'orca.db'}", schema())
    server = Server(id="killed", data_dir=DIRECTORY, url="", ca_sha256="", ca_pem="", version="0")
    assembly = Assembly(db=db, vault=Vault(bytes(32)), server=server)
    install(assembly)
    assembly.agents.attach(Agent())
    await assembly.engine.start()

    def create(tx: Tx) -> None:
        container = tx.insert(rows.Container, name=f"c{tx.count(rows.Container)}", accountId=1, imageUuid="docker:test")
        assembly.engine.request(tx, container, "create")

    missing = COUNT - await db.read(lambda tx: tx.count(rows.Container))
    await asyncio.gather(*(db.write(create) for _ in range(missing)))
    with db.bus.subscribe({"processInstance"}) as changes:
        while await db.read(lambda tx: tx.count(rows.ProcessInstance, endTime=None)):
            await changes.batch()
    await assembly.engine.stop()
    await db.close()


asyncio.run(main())
