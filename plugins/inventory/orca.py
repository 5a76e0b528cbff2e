# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: orca
short_description: Hosts of the platform, and machines made from here
version_added: 0.1.0
author: The orca.platform authors (@orca)
description:
  - Lists the hosts that have joined a project, as the server's API shows them, in the group C(orca_hosts).
  - Lists the machines that M(orca.platform.machine) made from this control node, with what is needed to reach them, in
    the group C(orca_machines). A host that is such a machine is one entry in both groups.
  - The name of an entry is the host's name, or its host name where it has none.
  - The file must be named C(orca.yml) or C(orca.yaml), or end in C(.orca.yml) or C(.orca.yaml).
  - While no server is configured, the plugin lists only machines, with one warning. It fails if a configured server
    does not answer.
extends_documentation_fragment:
  - orca.platform.api.inventory
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Name of this plugin.
    type: str
    required: true
    choices: [orca.platform.orca]
notes:
  - Variables of a host are C(orca_id), C(orca_state), C(orca_agent_state), C(orca_hostname), C(orca_labels),
    C(orca_address) and, where an address is known, C(ansible_host).
  - Variables of a machine are C(ansible_host), C(ansible_user), C(ansible_ssh_private_key_file),
    C(ansible_ssh_common_args), which keeps host key checking on, and C(docker_cgroup_parent) where its driver
    needs one.
seealso:
  - module: orca.platform.machine
  - module: orca.platform.host_info
"""

EXAMPLES = r"""
# orca.yml: everything from what the role server fetched to ORCA_HOME
plugin: orca.platform.orca
---
# orca.yml: another server, and groups by label and state
plugin: orca.platform.orca
api_url: https://orca.example.com:8080
api_ca_path: /etc/orca/ca.pem
keyed_groups:
  - key: orca_labels
    prefix: label
  - key: orca_state
    prefix: state
compose:
  ansible_user: "'admin'"
"""

import json
import os
from collections import Counter

import ansible.template
from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.orca.platform.plugins.module_utils._api import (
    DEFAULT_HOME,
    ApiClient,
    ApiError,
    NoServer,
    resolve,
)

# Before core 2.19 every string counts as a template unless it is wrapped; since then, none does unless it is trusted.
TRUSTS_NOBODY = hasattr(ansible.template, "trust_as_template")


API_OPTIONS = (
    "api_url",
    "api_access_key",
    "api_secret_key",
    "api_ca_path",
    "api_project",
    "api_home",
    "api_timeout",
)
HOST_FIELDS = ("id", "name", "hostname", "state", "agentState", "agentIpAddress", "labels")


def _as_data(value):
    """A value from elsewhere, never to be read as a template."""
    return value if TRUSTS_NOBODY else wrap_var(value)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Fetches and populates separately, so that documents made by hand populate as well."""

    NAME = "orca.platform.orca"

    def verify_file(self, path):
        name = os.path.basename(path)
        named = name in ("orca.yml", "orca.yaml") or name.endswith((".orca.yml", ".orca.yaml"))
        return named and super().verify_file(path)

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        home = os.path.expanduser(self.get_option("api_home") or DEFAULT_HOME)
        # Machines come first: when the server is down they can still be reached, to repair it.
        self.populate_machines(read_machines(home), home)
        self.populate_hosts(self._hosts(path, cache))

    def _hosts(self, path, cache):
        """The API's hosts, from the cache where that is allowed; none while there is no server yet."""
        key = self.get_cache_key(path)
        use_cache = self.get_option("cache")
        if use_cache and cache:
            try:
                return self._cache[key]
            except KeyError:
                pass
        try:
            client = ApiClient(resolve({name: self.get_option(name) for name in API_OPTIONS}))
            found = client.list(client.in_project("hosts"))
        except NoServer as exc:
            self.display.warning(f"{path}: {exc}")
            return []
        except ApiError as exc:
            raise AnsibleParserError(f"cannot list hosts: {exc}") from exc
        hosts = [{field: host.get(field) for field in HOST_FIELDS} for host in found]
        if use_cache:
            self._cache[key] = hosts
        return hosts

    def populate_machines(self, machines, home):
        """Add machines: a mapping of name to the facts that the module ``machine`` keeps."""
        if machines:
            self.inventory.add_group("orca_machines")
        for name, facts in sorted(machines.items()):
            self.inventory.add_host(name, group="orca_machines")
            for variable, value in machine_variables(name, facts, home).items():
                self.inventory.set_variable(name, variable, _as_data(value))

    def populate_hosts(self, hosts):
        """Add hosts: documents of the API with at least the fields HOST_FIELDS."""
        strict = self.get_option("strict")
        self.inventory.add_group("orca_hosts")
        same = Counter(named(host) for host in hosts)
        for host in hosts:
            name = named(host)
            if not name:
                self.display.warning(f"host {host['id']} has no name yet and is left out")
                continue
            if same[name] > 1:
                self.display.warning(
                    f"{name} is the name of several hosts; one of them is listed by its id, {host['id']}"
                )
                name = host["id"]
            self.inventory.add_host(name, group="orca_hosts")
            for variable, value in host_variables(host).items():
                # For a machine made from here, the module that made it knows the address better than the agent.
                if variable != "ansible_host" or "ansible_host" not in self.inventory.get_host(name).get_vars():
                    self.inventory.set_variable(name, variable, _as_data(value))
            variables = self.inventory.get_host(name).get_vars()
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)


def named(host):
    """The name of a host of the API; None or empty before its agent's first report."""
    return host["name"] or host["hostname"]


def host_variables(host):
    """The variables of a host of the API; ``ansible_host`` only when its address is known."""
    variables = {
        "orca_id": host["id"],
        "orca_state": host["state"],
        "orca_agent_state": host["agentState"],
        "orca_hostname": host["hostname"],
        "orca_labels": host["labels"] or {},
        "orca_address": host["agentIpAddress"],
    }
    if host["agentIpAddress"]:
        variables["ansible_host"] = host["agentIpAddress"]
    return variables


def machine_variables(name, facts, home):
    """How to reach a machine: its address, its login key, and the file that knows its host key."""
    variables = {
        "ansible_host": facts["address"],
        "ansible_user": "root",
        "ansible_ssh_private_key_file": os.path.join(home, "machines", name, "id_ed25519"),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={os.path.join(home, 'known_hosts')}",
    }
    if facts.get("docker_cgroup_parent"):
        variables["docker_cgroup_parent"] = facts["docker_cgroup_parent"]
    return variables


def read_machines(home):
    """The machines remembered below ``home``: name to facts. Raises AnsibleParserError when a file is unreadable."""
    folder = os.path.join(home, "machines")
    machines = {}
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name, "machine.json")
        try:
            with open(path, encoding="utf-8") as file:
                facts = json.load(file)
        except FileNotFoundError:
            continue  # it is being made
        except (OSError, ValueError) as exc:
            raise AnsibleParserError(f"cannot use {path}: {exc}") from exc
        if facts.get("address"):
            machines[name] = facts
    return machines
