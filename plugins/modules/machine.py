#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: machine
short_description: Make and remove the machines that hosts are installed on
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Makes Debian machines that Ansible reaches over SSH as V(root) with a key of their own,
    and removes them with all they kept.
  - Runs on the control node (C(delegate_to=localhost)). One task makes many machines at once.
  - Driver V(local) makes system containers on the control node's Docker engine, with systemd, sshd and room for a
    Docker engine of their own, on a network without a way out. This driver needs root.
  - A machine that has been stopped, or that a restart of the control node left behind, is started again.
    It keeps its address.
requirements:
  - On the control node, docker (Python package) >= 7.1 and ssh-keygen.
extends_documentation_fragment: []
attributes:
  check_mode:
    description: Can predict what it would do.
    support: full
  diff_mode:
    description: Shows what differs.
    support: full
options:
  machines:
    description: The machines. Mutually exclusive with O(name).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the machine, also its host name.
        type: str
        required: true
      image:
        description: Like O(image), for this machine.
        type: str
      memory:
        description: Like O(memory), for this machine.
        type: str
      cpus:
        description: Like O(cpus), for this machine.
        type: float
      address:
        description: An address on the network for a machine that is made; the lowest free one by default.
        type: str
      labels:
        description: Labels for a machine that is made, added to O(labels).
        type: dict
        default: {}
  name:
    description: Name of a single machine.
    type: str
  state:
    description: V(present) also means that it runs and that its SSH server answers.
    type: str
    choices: [present, absent]
    default: present
  driver:
    description: The kind of machine.
    type: str
    choices: [local]
    default: local
  image:
    description:
      - The image for machines that do not exist yet. An existing machine keeps its own.
      - For driver V(local), a container image. Without a tag, the newest one on the control node,
        as C(script/images) built it. There are V(orca/machine-debian12) and V(orca/machine-debian13).
    type: str
    default: orca/machine-debian13
  network:
    description:
      - The network the machines share.
      - For driver V(local), a Docker network. The module makes it if it is missing, and removes it with its last
        machine.
    type: str
    default: orca-machines
  subnet:
    description: IPv4 range (CIDR) for a O(network) that the module makes. A free one by default.
    type: str
  memory:
    description: Memory limit of each machine, such as V(2G). No limit by default.
    type: str
  cpus:
    description: Cores each machine may use at most. No limit by default.
    type: float
  labels:
    description: Labels for machines that are made.
    type: dict
    default: {}
  home:
    description: Folder for keys, known hosts and state. E(ORCA_HOME) by default, or V(~/.orca).
    type: path
  wait_timeout:
    description: Seconds that each machine gets to start.
    type: int
    default: 60
"""

EXAMPLES = r"""
- name: Make three machines at once
  orca.platform.machine:
    machines: [{name: host-1}, {name: host-2}, {name: host-3, memory: 2G}]
  delegate_to: localhost
  vars: {ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  register: made

- name: Reach them in this play
  ansible.builtin.add_host:
    name: "{{ item.name }}"
    ansible_host: "{{ item.address }}"
    ansible_user: "{{ item.user }}"
    ansible_ssh_private_key_file: "{{ item.private_key_file }}"
    ansible_ssh_common_args: "-o UserKnownHostsFile={{ item.known_hosts_file }}"
    docker_cgroup_parent: "{{ item.docker_cgroup_parent }}"
  loop: "{{ made.machines }}"
  changed_when: false

- name: Remove one
  orca.platform.machine:
    name: host-3
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
machines:
  description: The machines asked for, in that order; with O(state=absent) only names and states.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name., type: str, sample: host-1}
    state: {description: C(running) or C(absent). In check mode what it would be., type: str, sample: running}
    driver: {description: The driver., type: str, sample: local}
    image: {description: What it was made of., type: str, sample: "orca/machine-debian13:c5413af18d29"}
    address:
      description: IPv4 address; null for a machine that check mode did not make.
      type: str
      sample: 172.31.0.10
    port: {description: SSH port., type: int, sample: 22}
    user: {description: The user to log in as., type: str, sample: root}
    private_key_file:
      description: The login key on the control node.
      type: str
      sample: /root/.orca/machines/host-1/id_ed25519
    known_hosts_file:
      description: Known hosts file with the keys of all machines.
      type: str
      sample: /root/.orca/known_hosts
    ssh_host_key:
      description: Its SSH host key as a line for known_hosts, read on the machine itself and not over the network.
      type: str
      sample: 172.31.0.10 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINTADkFGe
    docker_cgroup_parent:
      description:
        - What role C(docker) must use as cgroup parent on this machine, so that limits hold and nothing stays behind.
        - Empty where Docker's default will do.
      type: str
      sample: /docker/1f2e/engine
machine:
  description: The machine, as in RV(machines).
  returned: when O(name) is used
  type: dict
"""

import os
from concurrent.futures import ThreadPoolExecutor

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.text.formatters import human_to_bytes
from ansible_collections.orca.platform.plugins.module_utils.machine import MachineError, driver_named
from ansible_collections.orca.platform.plugins.module_utils.machine.driver import Spec
from ansible_collections.orca.platform.plugins.module_utils.machine.home import SSH_PORT, SSH_USER, Home
from ansible_collections.orca.platform.plugins.module_utils.machine.local import DOCKER_MISSING

AT_ONCE = 8

ARGUMENTS = {
    "machines": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "image": {"type": "str"},
            "memory": {"type": "str"},
            "cpus": {"type": "float"},
            "address": {"type": "str"},
            "labels": {"type": "dict", "default": {}},
        },
    },
    "name": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "driver": {"type": "str", "choices": ["local"], "default": "local"},
    "image": {"type": "str", "default": "orca/machine-debian13"},
    "network": {"type": "str", "default": "orca-machines"},
    "subnet": {"type": "str"},
    "memory": {"type": "str"},
    "cpus": {"type": "float"},
    "labels": {"type": "dict", "default": {}},
    "home": {"type": "path"},
    "wait_timeout": {"type": "int", "default": 60},
}


def specs(params):
    """The wanted machines; what an entry does not say is taken from the options of the task."""
    entries = params["machines"] if params["name"] is None else [{"name": params["name"]}]
    names = [entry["name"] for entry in entries]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MachineError("machines: named more than once: " + ", ".join(twice))
    wanted = []
    for entry in entries:
        said = {**params, **{key: given for key, given in entry.items() if given is not None}}

        try:
            memory = human_to_bytes(said["memory"]) if said["memory"] is not None else None
        except ValueError as error:
            raise MachineError("memory: %s of %s is not a size: %s" % (said["memory"], entry["name"], error))
        labels = {str(key): str(text) for key, text in {**params["labels"], **(entry.get("labels") or {})}.items()}
        wanted.append(Spec(entry["name"], said["image"], memory, said["cpus"], entry.get("address"), labels))
    return wanted


def present(driver, home, wanted, check):
    """Make, start and adjust machines; (changed, results, before, after)."""
    have = driver.find([spec.name for spec in wanted])
    changed = driver.prepare([spec for spec in wanted if spec.name not in have], check)
    before, after, results = {}, {}, []

    def bring(spec):
        machine = have.get(spec.name)
        if machine is None:
            return ["state"], None if check else driver.create(spec, home.public_key(spec.name))
        different = driver.differences(spec, machine)
        key = home.public_key(spec.name) if home.has_key(spec.name) or not check else None
        if machine.state == "running" and key:
            machine = driver.look(machine, key)
        if not machine.authorized and "state" not in different:
            different.append("key")
        if different and not check:
            machine = driver.update(spec, machine, key)
        return different, machine

    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            brought = list(pool.map(bring, wanted))
    except MachineError:
        made = driver.find([spec.name for spec in wanted])
        for spec in wanted:
            if spec.name not in made:
                home.forget(spec.name)
        driver.clean_up(check)
        raise
    for spec, (different, machine) in zip(wanted, brought):  # noqa: B905 - Python 3.8 knows no strict
        changed = changed or bool(different)
        before[spec.name] = summary(have.get(spec.name))
        after[spec.name] = dict(before[spec.name], state="running")
        if machine is None:
            after[spec.name].update(image=spec.image, memory=spec.memory, cpus=spec.cpus)
        else:
            after[spec.name].update({key: getattr(spec, key) for key in different if key in ("memory", "cpus")})
            if "key" in different:
                after[spec.name]["key"] = "authorized"
            if not check:
                home.remember(driver.name, machine)
                after[spec.name] = summary(machine)
        results.append(described(driver, spec, machine, home))
    return changed, results, before, after


def absent(driver, home, wanted, check):
    """Remove machines and what is remembered of them; (changed, results, before, after)."""
    names = [spec.name for spec in wanted]
    have = driver.find(names)
    remembered = [name for name in names if home.remembers(name)]
    if not check:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(driver.remove, have.values()))
        for name in remembered:
            home.forget(name)
    changed = driver.clean_up(check) or bool(have) or bool(remembered)
    before = {name: summary(have.get(name)) for name in names}
    after = {name: summary(None) for name in names}
    return changed, [{"name": name, "state": "absent"} for name in names], before, after


def summary(machine):
    """What diff mode shows of a machine."""
    if machine is None:
        return {"state": "absent"}
    return {"state": machine.state, "image": machine.image, "memory": machine.memory, "cpus": machine.cpus}


def described(driver, spec, machine, home):
    """A machine as RETURN says; ``machine`` is None where check mode did not make it."""
    address = machine.address if machine else None
    known = bool(machine and machine.address and machine.host_key)
    return {
        "name": spec.name,
        "state": "running",
        "driver": driver.name,
        "image": machine.image if machine else spec.image,
        "address": address,
        "port": SSH_PORT,
        "user": SSH_USER,
        "private_key_file": str(home.private_key(spec.name)),
        "known_hosts_file": str(home.known_hosts),
        "ssh_host_key": "%s %s" % (address, machine.host_key) if known else None,
        "docker_cgroup_parent": machine.docker_cgroup_parent if machine else "",
    }


def main():
    module = AnsibleModule(
        ARGUMENTS,
        supports_check_mode=True,
        mutually_exclusive=[("name", "machines")],
        required_one_of=[("name", "machines")],
    )
    if DOCKER_MISSING is not None:
        module.fail_json(msg=missing_required_lib("docker"), exception=str(DOCKER_MISSING))
    params = module.params
    home = Home(params["home"] or os.environ.get("ORCA_HOME") or "~/.orca")
    try:
        driver = driver_named(
            params["driver"],
            network_name=params["network"],
            subnet=params["subnet"],
            wait_timeout=params["wait_timeout"],
        )
        carry_out = present if params["state"] == "present" else absent
        changed, machines, before, after = carry_out(driver, home, specs(params), module.check_mode)
    except MachineError as error:
        module.fail_json(msg=str(error))
    result = {"changed": changed, "machines": machines, "diff": {"before": before, "after": after}}
    if params["name"] is not None:
        result["machine"] = machines[0]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
