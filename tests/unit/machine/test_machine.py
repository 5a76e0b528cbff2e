# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own part: what is wanted, and what is done about it, with a driver that keeps machines in memory."""

from dataclasses import replace

import pytest
from ansible_collections.orca.platform.plugins.module_utils.machine import driver_named
from ansible_collections.orca.platform.plugins.module_utils.machine.driver import MachineError, Spec
from ansible_collections.orca.platform.plugins.module_utils.machine.home import Home
from ansible_collections.orca.platform.plugins.modules import machine as module
from memorydriver import Memory

PARAMS = {"name": None, "machines": None, "image": "orca/machine", "memory": None, "cpus": None, "labels": {}}


@pytest.fixture
def home(tmp_path):
    return Home(str(tmp_path / "home"))


def test_entries_take_what_they_lack_from_the_task():
    machines = [{"name": "x", "memory": "512M", "labels": {"b": 2}}, {"name": "y"}]
    wanted = module.specs(PARAMS | {"memory": "1G", "labels": {"a": 1}, "machines": machines})
    assert wanted == [
        Spec("x", "orca/machine", 512 * 2**20, labels={"a": "1", "b": "2"}),
        Spec("y", "orca/machine", 2**30, labels={"a": "1"}),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"machines": [{"name": "x"}, {"name": "x"}]}, "named more than once: x"),
        ({"name": "x", "memory": "much"}, "memory: much of x is not a size"),
    ],
)
def test_wrong_input_names_the_field(given, message):
    with pytest.raises(MachineError, match=message):
        module.specs(PARAMS | given)


def test_an_unknown_driver_is_named_with_the_known():
    with pytest.raises(MachineError, match="driver: unknown driver 'cloud'; known drivers are: local"):
        driver_named("cloud")


def test_made_once_then_left_alone(home):
    driver, wanted = Memory(), [Spec("a", "image"), Spec("b", "image")]
    changed, results, before, after = module.present(driver, home, wanted, check=True)
    assert changed
    assert not driver.machines
    assert not home.path.exists()
    assert before["a"] == {"state": "absent"}
    assert after["a"]["state"] == "running"
    changed, results, _before, _after = module.present(driver, home, wanted, check=False)
    assert changed
    assert {entry["name"]: entry["ssh_host_key"] for entry in results} == {"a": "192.0.2.1 k 1", "b": "192.0.2.1 k 1"}
    for check in (True, False):
        changed, _results, before, after = module.present(driver, home, wanted, check)
        assert not changed
        assert before == after


def test_a_machine_that_fails_leaves_nothing(home):
    driver = Memory()
    with pytest.raises(MachineError, match="broken"):
        module.present(driver, home, [Spec("a", "broken")], check=False)
    assert not home.remembers("a")
    assert not driver.network
    with pytest.raises(MachineError, match="broken"):
        module.present(driver, home, [Spec("a", "broken"), Spec("b", "image")], check=False)
    assert home.has_key("b")
    assert driver.network


def test_stopped_limits_and_lost_keys_are_put_right(home):
    driver = Memory()
    module.present(driver, home, [Spec("a", "image")], check=False)
    driver.machines["a"] = replace(driver.machines["a"], state="stopped")
    assert module.present(driver, home, [Spec("a", "image")], check=False)[0]
    assert driver.machines["a"].state == "running"
    assert module.present(driver, home, [Spec("a", "image", memory=5)], check=False)[0]
    assert driver.machines["a"].memory == 5
    home.forget("a")
    assert module.present(driver, home, [Spec("a", "image")], check=True)[0]
    assert module.present(driver, home, [Spec("a", "image")], check=False)[0]
    assert driver.keys["a"] == home.public_key("a")
    assert not module.present(driver, home, [Spec("a", "image")], check=False)[0]


def test_removed_with_all_that_is_remembered(home):
    driver, wanted = Memory(), [Spec("a", "image")]
    module.present(driver, home, wanted, check=False)
    assert module.absent(driver, home, wanted, check=True)[0]
    assert driver.machines
    assert module.absent(driver, home, wanted, check=False)[0]
    assert not driver.machines
    assert not driver.network
    assert not home.remembers("a")
    assert not module.absent(driver, home, wanted, check=False)[0]
