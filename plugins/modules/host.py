#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: host
short_description: Label, deactivate and remove hosts
version_added: 0.1.0
author: The orca.platform authors (@orca)
description:
  - Sets the labels of hosts that have joined, stops placing containers on them, and removes them from the platform.
  - A host joins with the role P(orca.platform.agent#role).
    This module never makes one, and never touches the machine itself.
extends_documentation_fragment:
  - orca.platform.api
  - orca.platform.api.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  names:
    description: Names of the hosts, or their host names where they have none.
    type: list
    elements: str
    required: true
    aliases: [name]
  state:
    description:
      - V(present) makes sure that containers may be placed on the hosts. A host that has not joined is an error.
      - V(inactive) keeps what runs there and places nothing new on it.
      - V(absent) removes the hosts with their containers from the platform, also when they are dead.
        Their peers forget them and their address ranges are free again.
    type: str
    choices: [present, inactive, absent]
    default: present
  labels:
    description: Labels the hosts must have.
    type: dict
    default: {}
  purge_labels:
    description: Take away labels that O(labels) does not name.
    type: bool
    default: false
  wait_timeout:
    description: How long the hosts together may take, in seconds.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Label hosts for placement
  orca.platform.host:
    names: [orca-h1, orca-h2]
    labels:
      disk: ssd
  delegate_to: localhost

- name: Place nothing new on a host
  orca.platform.host:
    name: orca-h3
    state: inactive
  delegate_to: localhost

- name: Remove a host
  orca.platform.host:
    name: orca-h3
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
hosts:
  description: The hosts as the API shows them. In check mode, as they would be. Removed ones are left out.
  returned: success
  type: list
  elements: dict
  sample: [{"id": "1h1", "hostname": "orca-h1", "state": "active", "labels": {"disk": "ssd"}}]
status:
  description: HTTP status with which the server refused, null when it did not answer or was not asked.
  returned: failure
  type: int
  sample: 422
code:
  description: What the server calls the reason, null where it gave none.
  returned: failure
  type: str
  sample: NotUnique
field:
  description: The field that the server refused, null where it named none.
  returned: failure
  type: str
  sample: name
"""

import time

from ansible_collections.orca.platform.plugins.module_utils._api import ApiError, spelled
from ansible_collections.orca.platform.plugins.module_utils._api_module import api_module, client_of

# By wanted state: the state of the API that fulfils it, and the action that leads there.
STATES = {"present": ("active", "activate"), "inactive": ("inactive", "deactivate")}


def wanted_labels(have, labels, purge):
    """The labels a host should have."""
    kept = {} if purge else have
    return dict(kept, **{str(key): spelled(value) for key, value in labels.items()})


def plan(host, state, labels, purge):
    """What is missing on one host: (operations, fields before, fields after)."""
    before = {"state": host["state"], "labels": host.get("labels") or {}}
    if state == "absent":
        # Placement stops before anything goes, so that nothing is put where it would be removed again.
        return (["deactivate"] if host["state"] == "active" else []) + ["remove"], before, {}
    goal, action = STATES[state]
    after = {"state": goal, "labels": wanted_labels(before["labels"], labels, purge)}
    operations = ["update"] if after["labels"] != before["labels"] else []
    if before["state"] != goal:
        operations.append(action)
    return operations, before, after


def by_name(hosts, names):
    """The hosts by name. Raises ApiError when one of ``names`` is that of several hosts."""
    known = {}
    for host in hosts:
        known.setdefault(host.get("name") or host.get("hostname"), []).append(host)
    for name in names:
        if len(known.get(name, [])) > 1:
            ids = ", ".join(host["id"] for host in known[name])
            raise ApiError(f"names: {name} is the name of several hosts, {ids}; give them different ones")
    return {name: found[0] for name, found in known.items()}


def carry_out(client, host, operations, after, deadline):
    """Do the operations one after another; the host afterwards, None once it is removed. Raises ApiError."""
    for operation in operations:
        if operation == "remove":
            client.wait_gone(client.remove(host), deadline)
            return None
        answer = client.update(host, labels=after["labels"]) if operation == "update" else client.act(host, operation)
        host = client.wait_settled(answer, deadline)
    return host


def run(module, client):
    """Do what the options ask for and return the module's result. Raises ApiError."""
    params = module.params
    deadline = client.deadline = time.monotonic() + params["wait_timeout"]
    known = by_name(client.list(client.in_project("hosts")), params["names"])
    missing = [name for name in params["names"] if name not in known]
    if missing and params["state"] != "absent":
        raise ApiError(f"no host named {', '.join(missing)} has joined project {client.target.project}")
    result = {"changed": False, "hosts": [], "diff": []}
    for name in params["names"]:
        host = known.get(name)
        if host is None:
            continue
        operations, before, after = plan(host, params["state"], params["labels"], params["purge_labels"])
        if operations:
            result["changed"] = True
            result["diff"].append(
                {"before_header": f"host {name}", "after_header": f"host {name}", "before": before, "after": after}
            )
        if module.check_mode:
            shown = dict(host, **after) if after else None
        else:
            shown = carry_out(client, host, operations, after, deadline)
        if shown is not None:
            result["hosts"].append(shown)
    return result


def main():
    module = api_module(
        {
            "names": {"type": "list", "elements": "str", "required": True, "aliases": ["name"]},
            "state": {"type": "str", "choices": ["present", "inactive", "absent"], "default": "present"},
            "labels": {"type": "dict", "default": {}},
            "purge_labels": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 120},
        }
    )
    try:
        result = run(module, client_of(module))
    except ApiError as exc:
        module.fail_json(**exc.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
