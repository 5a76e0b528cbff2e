#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: host_state_wait
short_description: Wait until a host's agent has applied what the server wants
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Waits until the owner files of the named kinds of state say that the agent applied them,
    at least in the wanted version.
  - Changes nothing.
attributes:
  check_mode:
    description: Reports the present state at once.
    support: full
  diff_mode:
    description: Shows what differs.
    support: none
options:
  kinds:
    description: The kinds of state.
    type: list
    elements: str
    choices: [network, mesh, firewall, dns, checks, balancers, metadata]
    required: true
  version:
    description: The agent must have applied this version or a later one.
    type: int
    default: 0
  timeout:
    description: Seconds to wait.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Wait for network and tunnels
  orca.platform.host_state_wait:
    kinds: [network, mesh]
"""

RETURN = r"""
owners:
  description: Kind -> owner and version, for the kinds that somebody applied.
  returned: always
  type: dict
  sample: {"mesh": {"owner": "agent", "version": 7}}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply import AGENT, Host, HostStateError
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.kinds import KINDS

INTERVAL = 0.25  # s

OPTIONS = {
    "kinds": {"type": "list", "elements": "str", "choices": sorted(kind.name for kind in KINDS), "required": True},
    "version": {"type": "int", "default": 0},
    "timeout": {"type": "int", "default": 120},
}


def described(kind, owner):
    """What stands in the way, in words."""
    if owner is None:
        return "%s (nothing applied)" % kind
    return "%s (owned by %s, version %s)" % (kind, owner.owner, owner.version)


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    params, ledger = module.params, Host().ledger
    end = time.monotonic() + params["timeout"]
    while True:
        try:
            found = {kind: ledger.read(kind) for kind in params["kinds"]}
        except HostStateError as error:
            module.fail_json(msg=str(error), owners={})
        present = {kind: owner for kind, owner in found.items() if owner is not None}
        owners = {kind: {"owner": owner.owner, "version": owner.version} for kind, owner in present.items()}
        least = params["version"]
        reached = [kind for kind, owner in present.items() if owner.owner == AGENT and owner.version >= least]
        missing = [described(kind, owner) for kind, owner in found.items() if kind not in reached]
        if not missing or module.check_mode:
            module.exit_json(changed=False, owners=owners)
        if time.monotonic() > end:
            text = "the agent did not apply within %s s: %s" % (params["timeout"], ", ".join(missing))
            module.fail_json(msg=text, owners=owners)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
