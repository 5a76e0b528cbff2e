#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: ipsec_mesh
short_description: The encrypted tunnels of a host to its peers
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Gives the host's network agent its certificate, its CA and its peers.
    The tunnels use IKEv2 with certificates, and ESP in UDP on port 4500.
  - When a peer is added, changed or removed, the tunnels to the others stay up.
    In each pair, the host with the lower range opens the tunnel.
extends_documentation_fragment:
  - orca.platform.host_kind
  - orca.platform.host_kind.attributes
options:
  id:
    description: Identity of this host, the name in its certificate. Required with O(state=present).
    type: str
  certificate:
    description:
      - Certificate (PEM) of this host's key, see M(orca.platform.mesh_certificate). Required with O(state=present).
    type: str
  ca:
    description: Certificate (PEM) of the authority of the mesh. Required with O(state=present).
    type: str
  peers:
    description: The other hosts. Those not named are removed.
    type: list
    elements: dict
    default: []
    suboptions:
      id:
        description: Identity of the peer.
        type: str
        required: true
      name:
        description: Its name, for people.
        type: str
      address:
        description: Its outer IPv4 address.
        type: str
        required: true
      subnet:
        description: Its range.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: One peer
  orca.platform.ipsec_mesh:
    id: 0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01
    subnet: 10.42.1.0/24
    certificate: "{{ signed.certificates['0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01'] }}"
    ca: "{{ signed.ca }}"
    peers:
      - {id: 5a0d7e7c-2f0a-5d8c-8a53-6b1f3a2c9d02, name: host-2, address: 192.0.2.12, subnet: 10.42.2.0/24}
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample: [write /var/lib/orca/mesh/conf.d/5a0d7e7c-2f0a-5d8c-8a53-6b1f3a2c9d02.conf]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._host_kind import ARGUMENTS, run
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.mesh import KIND

PEER = {
    "id": {"type": "str", "required": True},
    "name": {"type": "str"},
    "address": {"type": "str", "required": True},
    "subnet": {"type": "str", "required": True},
}
OPTIONS = {
    "id": {"type": "str"},
    "certificate": {"type": "str"},
    "ca": {"type": "str"},
    "peers": {"type": "list", "elements": "dict", "default": [], "options": PEER},
}


def main():
    module = AnsibleModule(
        argument_spec={**OPTIONS, **ARGUMENTS},
        required_if=[("state", "present", ("id", "subnet", "certificate", "ca"))],
        supports_check_mode=True,
    )
    params = module.params

    def describe():
        description = {key: params[key] for key in ("id", "cidr", "subnet", "certificate", "ca")}
        peers = {peer["id"]: {key: peer[key] for key in ("name", "address", "subnet")} for peer in params["peers"]}
        return dict(description, peers=peers)

    run(module, KIND, describe)


if __name__ == "__main__":
    main()
