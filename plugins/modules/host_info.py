#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: List hosts
version_added: 0.1.0
author: The orca.platform authors (@orca)
description:
  - Returns the hosts that have joined a project.
extends_documentation_fragment:
  - orca.platform.api
  - orca.platform.api.attributes
attributes:
  check_mode:
    support: full
    details: Nothing is changed.
  diff_mode:
    support: N/A
    details: Nothing is changed.
  idempotent:
    support: full
    details: Nothing is changed.
options:
  names:
    description: Only the hosts with these names, or host names where they have none.
    type: list
    elements: str
  labels:
    description: Only the hosts with all of these labels.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: List hosts with fast disks
  orca.platform.host_info:
    labels:
      disk: ssd
  delegate_to: localhost
  register: fast
"""

RETURN = r"""
hosts:
  description: The hosts as the API shows them, ordered by name.
  returned: success
  type: list
  elements: dict
  sample: [{"id": "1h1", "hostname": "orca-h1", "state": "active", "agentState": "active", "labels": {}}]
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

from ansible_collections.orca.platform.plugins.module_utils._api import ApiError, spelled
from ansible_collections.orca.platform.plugins.module_utils._api_module import api_module, client_of


def select(hosts, names, labels):
    """The hosts that have one of the names (None: any) and all of the labels, ordered by name."""
    named = [(host.get("name") or host.get("hostname") or "", host) for host in hosts]
    return [
        host
        for name, host in sorted(named, key=lambda pair: pair[0])
        if (names is None or name in names)
        and all((host.get("labels") or {}).get(key) == spelled(value) for key, value in labels.items())
    ]


def main():
    module = api_module({"names": {"type": "list", "elements": "str"}, "labels": {"type": "dict", "default": {}}})
    try:
        client = client_of(module)
        hosts = client.list(client.in_project("hosts"))
    except ApiError as exc:
        module.fail_json(**exc.as_result())
    module.exit_json(changed=False, hosts=select(hosts, module.params["names"], module.params["labels"]))


if __name__ == "__main__":
    main()
