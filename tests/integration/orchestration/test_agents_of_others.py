# SPDX-License-Identifier: Apache-2.0
"""An agent speaks of its own host: whatever it says, with whatever ids, another tenant's rows stay as they are."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inprocess import Platform
from pretended import PretendedHost

from orca import wire
from orca.api.streams import access
from orca.engine import Call, lookup
from orca.orchestration.containers import native
from orca.provision.projects.api import equip
from orca.resources import TYPES, rows
from orca.resources.errors import Refused
from orca.store import ANY, NotUnique, ReadTx, Tx
from orca.wire import names

ROOTS = sorted({type.name for type in TYPES.values() if type.table and type.parent is None})
EVENTS = (
    *("containerEvent", "serviceEvent", "externalDnsEvent", "externalServiceEvent", "externalStoragePoolEvent"),
    *("externalVolumeEvent", "hostApiProxyToken"),
)
"""Types that an agent makes through the API."""
TOLD = (
    *("service.create", "service.update", "service.remove", "stack.remove"),
    *("storagepool.create", "volume.create", "volume.delete"),
)
"""What happened, in the words of such an event."""


class Speaker:
    """An agent's connection that goes on speaking when it is refused, and obeys every command."""

    address, closed = "192.0.2.2", False

    def __init__(self, agent_id: int) -> None:
        self.agent_id = agent_id
        self.asked: list[str] = []
        self.reason = ""

    async def request(self, name: str, data: Any, **_: Any) -> dict[str, Any]:
        if name != names.CONFIG_UPDATE:
            self.asked.append(name)
        return {}

    def post(self, name: str, data: Any) -> None:
        pass

    async def close(self, reason: str) -> None:
        self.reason = reason


@dataclass
class Two:
    """Tenants A and B: A has everything that can be named, B an agent that says things."""

    platform: Platform
    victim_id: int
    words: list[str]
    """Ids, uuids and names of A, and some of B."""
    containers: list[str]
    """Uuids of A's containers."""
    hosts: list[str]
    """Uuids of all hosts."""
    host: PretendedHost
    connection: Any
    agent_account: int

    async def rows(self, account_id: int) -> dict[str, Any]:
        """Everything that an account has."""

        def query(tx: ReadTx) -> dict[str, Any]:
            found = {}
            for root in ROOTS:
                table = tx.table(root)
                if "accountId" in table.c:
                    for row in tx.rows(root, sa.select(table).where(table.c.accountId == account_id)):
                        found[f"{root} {row.id}"] = (dict(row._values), dict(row._blob))
            return found

        return dict(await self.platform.read(query))

    async def say(self, name: str, report: wire.Message) -> None:
        """What the socket does with a report."""
        with contextlib.suppress(wire.Unsound):
            report = wire.sound(report)
            for handler in self.platform.core.behaviour.agent_events[name]:
                await handler(self.platform.core, self.connection, report)

    async def tell(self, type: str, fields: dict[str, Any]) -> None:
        """What POST does for an agent."""
        hook = lookup(self.platform.core.behaviour.creates, type)
        assert hook is not None
        core = self.platform.core
        call = Call(core=core, role="agent", account_id=self.agent_account, user_id=self.agent_account)
        with contextlib.suppress(Refused, NotUnique):
            await core.db.write(lambda tx: hook(tx, call, dict(fields)) and None)


@pytest.fixture
async def two(tmp_path, database, monkeypatch):
    # What was removed stays, however long a test takes.
    monkeypatch.setattr("orca.engine.endings.REMOVE_DELAY", 3_600_000)
    async with Platform.start(tmp_path, database) as platform:
        core = platform.core
        core.add(access.behaviour)
        victim = await platform.join(PretendedHost("victim", "192.0.2.1"))
        by_hand = victim.run_by_hand("by-hand")
        check = {"port": 80, "interval": 2000, "healthyThreshold": 2, "unhealthyThreshold": 3}
        await platform.create("container", name="placed", imageUuid="docker:ok", healthCheck=check)
        unplaced = await platform.create("container", name="unplaced", imageUuid="docker:ok", startOnCreate=False)
        gone = await platform.create("container", name="gone", imageUuid="docker:ok", startOnCreate=False)
        await platform.create("environment", name="shop", dockerCompose="web: {image: ok}", startOnCreate=True)
        await platform.until(lambda tx: tx.count(rows.Instance, state="running") == 3)
        await platform.until(lambda tx: tx.require(rows.Instance, unplaced.id).state == "stopped")
        await platform.delete(
            "container", (await platform.until(lambda tx: tx.first(rows.Instance, name="gone", state="stopped"))).id
        )
        await platform.until(lambda tx: tx.require(rows.Instance, gone.id).state == "removed")
        victim_id = platform.project_id

        def project(tx: Tx) -> int:
            row = tx.insert(rows.Project, kind="project", name="other", state="active")
            equip(tx, core.vault, row)
            return int(row.id)

        platform.project_id = await core.db.write(project)
        host = PretendedHost("attacker", "192.0.2.2")
        attacker = await platform.join(host)
        connection = platform.connection_of(attacker)
        account = await platform.read(lambda tx: tx.require(rows.Agent, connection.agent_id).accountId)

        def words(tx: ReadTx) -> list[str]:
            found = [by_hand.external_id, "shop", "web", "placed", "10.42.1.10", host.uuid]
            for root in (
                "instance",
                "host",
                "agent",
                "service",
                "environment",
                "healthcheckInstanceHostMap",
                "network",
            ):
                for row in tx.find(root, removed=ANY):
                    found += [str(row.uuid), str(row.id), str(row.get("externalId") or ""), str(row.name or "")]
            return sorted({word for word in found if word})

        await platform.disconnect(connection)
        await core.engine.idle()
        await platform.until(
            lambda tx: all(
                row.appliedVersion == row.requestedVersion for row in tx.find(rows.ConfigItemStatus) if row.accountId
            )
        )
        speaker = Speaker(connection.agent_id)
        containers, hosts = await platform.read(
            lambda tx: [[uuid for (uuid,) in tx.values(type, "uuid", removed=ANY)] for type in ("instance", "host")]
        )
        named = (await platform.read(words), containers, hosts)
        yield Two(platform, victim_id, *named, host, speaker, account)


def reports(two: Two) -> st.SearchStrategy[tuple[str, wire.Message]]:
    """Every report of the wire, with every id there is."""
    word, instance, host = (st.sampled_from(each) for each in (two.words, two.containers, two.hosts))
    states = st.sampled_from(["created", "running", "stopped", "removed"])
    addresses = st.sampled_from([None, "10.42.1.10", "10.42.1.2", "192.0.2.1", "10.42.1.10; rm -rf"])
    container = st.builds(
        wire.Container,
        external_id=word,
        name=word,
        state=states,
        uuid=st.one_of(st.none(), word, instance),
        address=addresses,
    )
    hello = st.builds(
        wire.Hello,
        uuid=st.one_of(st.just(two.host.uuid), word),
        hostname=word,
        addresses=st.just(["192.0.2.1"]),
        mesh_csr=st.just(two.host.csr),
        containers=st.lists(container, max_size=4),
    )
    edge = st.builds(wire.MeshEdge, peer=st.one_of(host, word), state=st.sampled_from(["up", "down"]), at=st.just(1))
    peer = st.builds(wire.PeerState, peer=st.one_of(host, word), state=st.sampled_from(["up", "down"]))
    return st.one_of(
        st.tuples(st.just(names.CONTAINER_CHANGE), container),
        st.tuples(st.just(names.HELLO), hello),
        st.tuples(st.just(names.HOST_CHANGE), st.builds(wire.HostFacts, hostname=word, addresses=st.lists(word))),
        st.tuples(st.just(names.MESH_EDGE), edge),
        st.tuples(st.just(names.MESH_SUMMARY), st.builds(wire.MeshSummary, peers=st.lists(peer, max_size=4))),
    )


def events(two: Two) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Every type that agents make, with every id there is."""
    word = st.sampled_from(two.words)
    labels = st.dictionaries(
        st.sampled_from(["io.orca.instance.uuid", "io.rancher.container.uuid", "a"]),
        st.one_of(word, st.sampled_from(two.containers)),
    )
    fields = {
        "reportedHostUuid": st.one_of(st.just(two.host.uuid), word),
        "reportedUuid": word,
        "externalId": word,
        "externalStatus": st.sampled_from(["start", "create", "stop", "die", "destroy"]),
        "externalTimestamp": st.integers(0, 2**40),
        "dockerInspect": st.fixed_dictionaries({"Name": word, "Config": st.fixed_dictionaries({"Labels": labels})}),
        "healthcheckUuid": word,
        "reportedHealth": st.sampled_from(["UP", "DOWN"]),
        "serviceName": word,
        "stackName": word,
        "fqdn": word,
        "eventType": st.sampled_from(TOLD),
        "hostUuids": st.lists(word, max_size=2),
        "storagePool": st.fixed_dictionaries({"name": word, "driverName": word}),
        "volume": st.fixed_dictionaries({"name": word, "driver": word}),
        "environment": st.fixed_dictionaries({"externalId": word, "name": word}),
        "service": st.fixed_dictionaries({"name": word, "environmentId": word}),
    }
    known = {
        "containerEvent": ("reportedHostUuid", "externalId", "externalStatus", "externalTimestamp", "dockerInspect"),
        "serviceEvent": ("healthcheckUuid", "reportedHealth", "externalTimestamp"),
        "externalDnsEvent": ("eventType", "externalId", "fqdn", "serviceName", "stackName"),
        "externalServiceEvent": ("eventType", "externalId", "environment", "service"),
        "externalStoragePoolEvent": ("eventType", "externalId", "hostUuids", "storagePool"),
        "externalVolumeEvent": ("eventType", "externalId", "volume"),
        "hostApiProxyToken": ("reportedUuid",),
    }
    assert known.keys() == set(EVENTS)
    return st.one_of(
        [
            st.tuples(st.just(type), st.fixed_dictionaries({name: fields[name] for name in own}))
            for type, own in known.items()
        ]
    )


async def test_whatever_an_agent_says_others_stay_as_they_are(two):
    before, loop = await two.rows(two.victim_id), asyncio.get_running_loop()

    async def hear(said: list[tuple[str, Any]]) -> None:
        for name, what in said:
            await (two.tell(name, what) if isinstance(what, dict) else two.say(name, what))
        assert await two.rows(two.victim_id) == before

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.one_of(reports(two), events(two)), min_size=1, max_size=6))
    def whatever(said: list[tuple[str, Any]]) -> None:
        asyncio.run_coroutine_threadsafe(hear(said), loop).result()

    await asyncio.to_thread(whatever)


@pytest.mark.parametrize("name", ["unplaced", "gone", "placed"])
async def test_a_container_of_others_is_not_removed_by_its_uuid(two, name):
    before = await two.rows(two.victim_id)
    row = await two.platform.read(lambda tx: tx.first(rows.Instance, name=name, removed=ANY))
    report = wire.Container(external_id="c0ffee", name="x", state="removed", uuid=row.uuid)
    await two.say(names.CONTAINER_CHANGE, report)
    labels = {"Config": {"Labels": {"io.orca.instance.uuid": row.uuid}}}
    event = {"reportedHostUuid": two.host.uuid, "externalId": "c0ffee", "externalStatus": "destroy"}
    await two.tell("containerEvent", {**event, "dockerInspect": labels})
    assert await two.rows(two.victim_id) == before
    assert two.connection.asked == []


@pytest.mark.parametrize("part", [rows.Host, rows.PhysicalHost, rows.StoragePool, rows.IpAddress])
async def test_a_uuid_of_others_makes_no_host(two, part):
    """Registered as what another tenant's simulated host, or one of its parts, is called."""
    platform, key = two.platform, "simulated-0"
    uuid = {rows.StoragePool: f"{key}-0", rows.IpAddress: f"{key}-ip"}.get(part, key)
    taken = {"uuid": uuid, "accountId": two.victim_id, "state": "active"}
    if part is rows.IpAddress:
        taken["address"] = "192.0.2.9"
    await platform.core.db.write(lambda tx: tx.insert(part, **taken) and None)
    before = await two.rows(two.victim_id)
    two.connection.agent_id = await platform.register(PretendedHost("copy", "192.0.2.3", uuid=key))
    await two.say(names.HELLO, wire.Hello(uuid=key, hostname="copy", addresses=["192.0.2.3"]))
    assert f"has the uuid {uuid}" in two.connection.reason
    assert await two.rows(two.victim_id) == before


async def test_a_request_that_is_none_ends_the_connection_with_the_reason(two, caplog):
    hello = wire.Hello(uuid=two.host.uuid, hostname="attacker", addresses=["192.0.2.2"], mesh_csr="none")
    await two.say(names.HELLO, hello)
    assert "certificate signing request" in two.connection.reason
    assert not [record for record in caplog.records if record.exc_info]


async def test_natives_of_one_host_are_bounded(two, monkeypatch):
    monkeypatch.setattr(native, "MOST", 3)
    containers = [wire.Container(external_id=f"c{number}", name="n", state="running") for number in range(9)]
    for container in containers[:5]:
        await two.say(names.CONTAINER_CHANGE, container)
    hello = wire.Hello(uuid=two.host.uuid, hostname="attacker", addresses=["192.0.2.2"], containers=containers)
    await two.say(names.HELLO, hello)
    count = await two.platform.read(
        lambda tx: tx.count(rows.Instance, nativeContainer=True, accountId=two.platform.project_id)
    )
    assert count == 3
    hello.containers = containers[7:]
    await two.say(names.HELLO, hello)
    await two.say(names.HELLO, hello)
    found = await two.platform.read(
        lambda tx: tx.values(rows.Instance, "externalId", accountId=two.platform.project_id)
    )
    assert sorted(found) == [("c7",), ("c8",)], "what had no place gets one when others are gone"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("10.42.1.10; rm -rf", None),
        ("10.42.2.10", None),
        ("10.42.1.250", "10.42.1.250"),
        ("172.17.0.2", "172.17.0.2"),
    ],
)
async def test_an_address_is_one_of_the_hosts_own(two, said, shown):
    container = wire.Container(external_id="c0ffee", name="n", state="running", address=said)
    await two.say(names.CONTAINER_CHANGE, container)
    row = await two.platform.read(lambda tx: tx.first(rows.Instance, externalId="c0ffee"))
    assert row.primaryIpAddress == shown
