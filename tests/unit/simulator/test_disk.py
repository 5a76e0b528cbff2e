# SPDX-License-Identifier: Apache-2.0
"""The containers of simulated hosts outlive the server, and are counted."""

import pytest

from orca import wire
from orca.simulator import disk
from orca.simulator.disk import Disk


def wanted(uuid="u1", **more):
    return wire.Instance(uuid=uuid, name=f"name of {uuid}", image="sim:1", address="10.42.1.10", **more)


def reopened(path):
    found = Disk(path)
    found.load()
    return found


def run(disk, agent, instance, at=1000):
    room = disk.room(agent)
    container = room.find(instance.uuid) or room.create(instance, at)
    room.start(container, at)
    return container


def there(disk):
    return {container.key: container for room in disk.rooms.values() for container in room.containers.values()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulated.jsonl"


def test_what_happened_is_there_again(path):
    first = reopened(path)
    policy = wire.RestartPolicy("on-failure", 3)
    made = run(first, 1, wanted("u1", restart_policy=policy, labels={"a": "b"}))
    first.room(1).stop(run(first, 1, wanted("u2", network_mode="bridge")), 1001, 7)
    first.room(2).remove(run(first, 2, wanted("u3")), 1001)
    first.room(2).run_by_hand("stray", 1002, "stray", {})
    second = reopened(path)
    assert there(second) == there(first)
    assert second.room(1).find("u1") == made
    assert second.room(1).find("u2").report().exit_code == 7
    assert second.room(2).find("stray") is None
    assert second.room(2).containers["stray"].report().uuid is None


def test_a_file_of_0_1_0_is_read(path):
    path.write_text(
        '{"do":"create","uuid":"u1","at":5,"agent":3,"externalId":"e1","name":"web","image":"sim:1","policy":"always"}\n'
        '{"do":"start","uuid":"u1","at":6}\n{"do":"create","uuid":"s","at":7,"agent":3,"externalId":"s","name":"s"}\n'
    )
    found = reopened(path)
    assert {key: (each.state, each.uuid) for key, each in there(found).items()} == {
        "u1": ("running", "u1"),
        "s": ("created", None),
    }
    assert found.room(3).find("u1").again


def test_a_container_is_made_once(path):
    found = reopened(path)
    ids = {run(found, 1, wanted()).external_id for _ in range(3)}
    found.room(1).stop(found.room(1).find("u1"), 1001)
    ids.add(run(found, 1, wanted()).external_id)
    assert len(ids) == 1
    assert path.read_text().count('"create"') == 1


def test_without_a_container_there_is_no_file(path):
    reopened(path).room(1)
    reopened(path).wipe(1, 1000)
    assert not path.exists()


def test_a_line_that_a_kill_cut_off_did_not_happen(path):
    run(reopened(path), 1, wanted("u1"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"do":"create","uuid":"u2"')
    found = reopened(path)
    assert set(there(found)) == {"u1"}
    run(found, 1, wanted("u3"))
    assert set(there(reopened(path))) == {"u1", "u3"}


def test_a_long_file_is_shortened(path, monkeypatch):
    found = reopened(path)
    for _ in range(20):
        found.room(1).stop(run(found, 1, wanted(restart_policy=wire.RestartPolicy("always"))), 1000, 1)
    found.room(2).run_by_hand("stray", 1000, "stray", {})
    found.room(2).create(wanted("u2"), 1000)
    before = there(found)
    monkeypatch.setattr(disk, "SHORTEN_AT", 10)
    assert there(reopened(path)) == before
    assert len(path.read_text().splitlines()) == 6
    assert there(reopened(path)) == before


def test_an_agent_takes_its_containers_along(path):
    found = reopened(path)
    run(found, 1, wanted("u1"))
    run(found, 2, wanted("u2"))
    found.wipe(1, 1001)
    assert set(there(reopened(path))) == {"u2"}
