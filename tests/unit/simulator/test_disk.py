# SPDX-License-Identifier: Apache-2.0
"""The containers of simulated hosts outlive the server, and are counted."""

import pytest

from orca import wire
from orca.simulator import disk
from orca.simulator.disk import Disk


def wanted(uuid="u1"):
    return wire.Instance(uuid=uuid, name=f"name of {uuid}", image="sim:1", address="10.42.1.10")


def reopened(path):
    found = Disk(path)
    found.load()
    return found


@pytest.fixture
def path(tmp_path):
    return tmp_path / "simulated.jsonl"


def test_what_happened_is_there_again(path):
    first = Disk(path)
    first.load()
    container = first.ensure(1, wanted("u1"))
    first.ensure(1, wanted("u2"))
    first.stop("u2")
    first.ensure(2, wanted("u3"))
    first.remove("u3")
    second = reopened(path)
    assert {each.uuid: each.running for each in second.all()} == {"u1": True, "u2": False}
    assert second.get("u1") == container


def test_a_container_is_made_once(path):
    found = reopened(path)
    ids = {found.ensure(1, wanted()).external_id for _ in range(3)}
    found.stop("u1")
    ids.add(found.ensure(1, wanted()).external_id)
    assert len(ids) == 1
    assert path.read_text().count('"create"') == 1


@pytest.mark.parametrize(("policy", "runs"), [("", False), ("on-failure", False), ("always", True)])
def test_what_ends_starts_again_by_its_policy(path, policy, runs):
    found = reopened(path)
    instance = wanted()
    instance.restart_policy = wire.RestartPolicy(name=policy)
    found.ensure(1, instance)
    found.end("u1")
    assert reopened(path).get("u1").running is runs
    found.stop("u1")
    assert not found.get("u1").running


def test_what_is_not_there_is_neither_stopped_nor_removed(path):
    found = reopened(path)
    found.stop("nobody")
    found.remove("nobody")
    assert not path.exists()


def test_a_line_that_a_kill_cut_off_did_not_happen(path):
    reopened(path).ensure(1, wanted("u1"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"do":"create","uuid":"u2"')
    found = reopened(path)
    assert [each.uuid for each in found.all()] == ["u1"]
    found.ensure(1, wanted("u3"))
    assert {each.uuid for each in reopened(path).all()} == {"u1", "u3"}


def test_a_long_file_is_shortened(path, monkeypatch):
    found = reopened(path)
    for _ in range(20):
        found.ensure(1, wanted())
        found.stop("u1")
    found.run_by_hand(1, "stray")
    before = {each.uuid: (each.running, each.external_id) for each in found.all()}
    monkeypatch.setattr(disk, "SHORTEN_AT", 10)
    again = reopened(path)
    assert {each.uuid: (each.running, each.external_id) for each in again.all()} == before
    assert len(path.read_text().splitlines()) == 3
    assert {each.uuid: (each.running, each.external_id) for each in reopened(path).all()} == before


def test_an_agent_takes_its_containers_along(path):
    found = reopened(path)
    found.ensure(1, wanted("u1"))
    found.ensure(2, wanted("u2"))
    found.wipe(1)
    assert [each.uuid for each in reopened(path).all()] == ["u2"]


def test_one_made_by_hand_has_no_uuid_of_ours(path):
    found = reopened(path)
    report = found.run_by_hand(1, "stray").report()
    assert (report.uuid, report.external_id, report.state) == (None, "stray", "running")
