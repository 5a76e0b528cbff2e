# SPDX-License-Identifier: GPL-3.0-or-later
"""A driver of machines that keeps them in memory."""

from dataclasses import replace

from ansible_collections.orca.platform.plugins.module_utils.machine.driver import Driver, Machine, MachineError


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

    def add(self, name, public_key, **changes):
        """A machine that was made before; it lets the key in."""
        self.keys[name] = public_key
        machine = Machine(name, "id", "running", "orca/machine:1", address="192.0.2.1", host_key="k 1")
        self.machines[name] = replace(machine, **changes)
        return self.machines[name]

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
