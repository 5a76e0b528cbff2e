# SPDX-License-Identifier: Apache-2.0
"""A server without an API, to be killed: starts containers on a pretended host until all are done.

Usage: ``kill_worker.py DIR COUNT POINT NTH``. What happened on the host lies in ``DIR/simulated.jsonl``, outside the
database, as a real host's containers do. ``POINT`` names where the process kills itself the ``NTH`` time it gets there;
``none`` lets it finish. Status 0 means that every process has ended.
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from killpoints import kill_at

from orca import wire
from orca.engine import Assembly, Behaviour, Run, Server
from orca.resources import rows, schema
from orca.simulator.disk import Disk
from orca.simulator.host import Agent, Driver, Host, Said
from orca.simulator.pipe import Pipe
from orca.store import Database, Tx, Vault
from orca.wire import names

DIRECTORY, COUNT, POINT, NTH = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
AGENT_ID = 1


class Connection(Pipe):
    """What the agent reports is of no interest here."""

    def reported(self, said: Said) -> None:
        pass


def install(assembly: Assembly) -> None:
    behaviour = Behaviour()

    @behaviour.process("instance.start")
    async def start(run: Run) -> None:
        def place(tx: Tx) -> dict[str, object]:
            taken = tx.count(rows.IpAddress, networkId=1)
            address = tx.insert(
                rows.IpAddress, accountId=1, networkId=1, address=f"10.42.0.{10 + taken}", instanceId=run.resource_id
            )
            row = run.resource(tx, rows.Instance)
            instance = wire.Instance(uuid=row.uuid, name=row.name, image="test", address=address.address)
            return {"instance": wire.to_data(instance)}

        where = await run.step("place", place)
        reply = await run.command(AGENT_ID, names.ACTIVATE, where, form=wire.Activated)
        run.finish(lambda tx: tx.update(run.resource(tx, rows.Instance), externalId=reply["externalId"], hostId=1))

    assembly.add(behaviour)


async def main() -> None:
    kill_at(POINT, NTH, Connection)
    db = await Database.open(f"sqlite:///{DIRECTORY / 'orca.db'}", schema())
    server = Server(id="killed", data_dir=DIRECTORY, url="", ca_sha256="", ca_pem="", version="0")
    assembly = Assembly(db=db, vault=Vault(bytes(32)), server=server)
    install(assembly)
    disk = Disk(DIRECTORY / "simulated.jsonl")
    disk.load()
    assembly.agents.attach(Connection(AGENT_ID, Driver(Agent(Host("h1", "192.0.2.1", room=disk.room(AGENT_ID))))))
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
