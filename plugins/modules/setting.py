#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: setting
short_description: Set and revert settings of the server
version_added: 0.1.0
author: The orca.platform authors (@orca)
description:
  - Sets settings of the server, such as the images that hosts run, or reverts them to their defaults.
  - Needs the key of an administrator. Settings belong to the server, not to a project.
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
  settings:
    description: Values by name. With O(state=absent) only the names count.
    type: dict
    required: true
  state:
    description: V(present) sets the values, V(absent) reverts them to the server's defaults.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Say which images hosts run
  orca.platform.setting:
    settings:
      agent.image: registry.example.com/orca/agent:1
      network.agent.image: registry.example.com/orca/net:1
      network.dns.image: registry.example.com/orca/dns:1
  delegate_to: localhost
"""

RETURN = r"""
settings:
  description: The values in force by name. In check mode, those that would be, as far as they are known.
  returned: success
  type: dict
  sample: {"agent.image": "registry.example.com/orca/agent:1"}
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

from ansible_collections.orca.platform.plugins.module_utils._api import VERSION, ApiError, spelled
from ansible_collections.orca.platform.plugins.module_utils._api_module import api_module, client_of


def plan(wanted, state, have):
    """What is missing: ({name: new value, None for a reverted one}, values before, values after)."""
    before = {name: have[name]["value"] if name in have else None for name in wanted}
    after = {name: None if state == "absent" else spelled(value) for name, value in wanted.items()}
    return {name: value for name, value in after.items() if value != before[name]}, before, after


def run(module, client):
    """Do what the options ask for and return the module's result. Raises ApiError."""
    path = f"{VERSION}/settings"
    client.deadline = time.monotonic() + client.target.timeout
    have = {row["name"]: row for row in client.list(path, all="true")}
    missing, before, after = plan(module.params["settings"], module.params["state"], have)
    if not module.check_mode:
        for name, value in missing.items():
            if value is None:
                client.remove(have[name])
            elif name in have:
                client.update(have[name], value=value)
            else:
                client.request("POST", path, {"name": name, "value": value})
        if missing:
            have = {row["name"]: row for row in client.list(path, all="true")}
    shown = {name: have.get(name, {}).get("activeValue") for name in after}
    if module.check_mode:
        shown.update({name: value for name, value in missing.items() if value is not None})
    return {"changed": bool(missing), "settings": shown, "diff": {"before": before, "after": after}}


def main():
    module = api_module(
        {
            "settings": {"type": "dict", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        }
    )
    try:
        result = run(module, client_of(module))
    except ApiError as exc:
        module.fail_json(**exc.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
