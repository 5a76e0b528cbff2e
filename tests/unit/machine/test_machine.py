# SPDX-License-Identifier: GPL-3.0-or-later
"""The module's own part: what is wanted, and what is done about it, with a driver that keeps machines in memory."""

from dataclasses import replace

import pytest
from ansible_collections.orca.platform.plugins.module_utils.machine import driver_named
from ansible_collections.orca.platform.plugins.module_utils.machine.driver import Driver, Machine, MachineError, Spec
from ansible_collections.orca.platform.plugins.module_utils.machine.home import Home
from ansible_collections.orca.platform.plugins.modules import machine as module

PARAMS = {"name": None, "machines": None, "image": "orca/machine", "memory": None, "cpus": None, "labels": {}}


class Memory(Driver):
    name = "memory"

    def __init__(self):
        self.machines = {}
        self.keys = {}
        self.network = False

    def find(self, names):
        return {name: replace(self.machines[name], authorized=False) for name in names if name in self.machines}

    def prepare(self, specs, check):
        changed, self.network = not self.network, self.network or not check
        return changed

    def differences(self, spec, have):
        changed = ["state"] if have.state != "running" else []
        return changed + (["memory"] if spec.memory not in (None, have.memory) else [])

    def create(self, spec, public_key):
        if spec.image == "broken":
            raise MachineError("broken")
        self.machines[spec.name] = Machine(spec.name, "id", "running", spec.image, spec.memory)
        return self.update(spec, self.machines[spec.name], public_key)

    def update(self, spec, have, public_key):
        self.keys[spec.name] = public_key
        memory = spec.memory or have.memory
        self.machines[spec.name] = replace(have, state="running", memory=memory, address="192.0.2.1", host_key="k 1")
        return self.look(self.machines[spec.name], public_key)

    def look(self, have, public_key):
        return replace(have, authorized=self.keys[have.name] == public_key)

    def remove(self, have):
        del self.machines[have.name]

    def clean_up(self, check):
        changed, self.network = self.network and not self.machines, self.network and (check or bool(self.machines))
        return changed


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
