#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_info
short_description: What a host's agent knows and does
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Reads the agent's files on the host and asks the server whether it accepts the host's credentials.
attributes:
  check_mode:
    description: Changes nothing.
    support: full
  diff_mode:
    description: Shows what differs.
    support: none
options: {}
seealso:
  - module: orca.platform.agent_container
"""

EXAMPLES = r"""
- name: See whether this host has joined
  orca.platform.agent_info:
  register: agent
"""

RETURN = r"""
registered:
  description:
    - Whether the host has credentials that the server does not refuse. A server that does not answer refuses none.
  returned: always
  type: bool
uuid:
  description: The host's own identity, null before the agent's first start.
  returned: always
  type: str
  sample: 0e3c1f66-6a8b-4a4d-9d0e-0d8f1f5f3a11
url:
  description: The API that the host is registered at, null before it registers.
  returned: always
  type: str
  sample: https://192.0.2.1:8080/v1
state:
  description: What the agent last said, one of V(starting), V(connecting), V(connected) and V(failed), or empty.
  returned: always
  type: str
  sample: connected
message:
  description: More about the state.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._agent import AgentFiles


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    agent = AgentFiles()
    state, message, _since = agent.status()
    module.exit_json(
        changed=False,
        registered=agent.accepted() is not False,
        uuid=agent.uuid,
        url=agent.url,
        state=state,
        message=message,
    )


if __name__ == "__main__":
    main()
