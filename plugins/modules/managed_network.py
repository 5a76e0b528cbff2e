#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: managed_network
short_description: The managed container network of a host
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Makes the Docker network of the host's range, the routes and kernel settings that belong to it,
    and the two system containers on it,
    C(orca-net) (tunnels to other hosts) and C(orca-dns) (resolver at 169.254.169.250).
  - The range is laid out as .1 gateway, .2 network agent, .3 resolver; addresses from .10 are for containers,
    and the last sixteenth is left to containers to which Docker gives an address automatically.
extends_documentation_fragment:
  - orca.platform.host_kind
  - orca.platform.host_kind.attributes
options:
  bridge:
    description: Name of the bridge device.
    type: str
    default: orca0
  network:
    description: Name of the Docker network.
    type: str
    default: orca
  net_image:
    description: Image of the network agent. Required with O(state=present).
    type: str
  dns_image:
    description: Image of the resolver. Required with O(state=present).
    type: str
seealso:
  - module: orca.platform.ipsec_mesh
  - module: orca.platform.cattle_chains
  - module: orca.platform.dns_answers
"""

EXAMPLES = r"""
- name: The network of the first host
  orca.platform.managed_network:
    subnet: 10.42.1.0/24
    net_image: 192.0.2.1:5000/orca/net:1f2e3d4c5b6a
    dns_image: 192.0.2.1:5000/orca/dns:6a5b4c3d2e1f
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample: [create docker network orca, routes, create container orca-net]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._host_kind import ARGUMENTS, run
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.network import KIND
from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan.network import BRIDGE, DOCKER_NETWORK

OPTIONS = {
    "bridge": {"type": "str", "default": BRIDGE},
    "network": {"type": "str", "default": DOCKER_NETWORK},
    "net_image": {"type": "str"},
    "dns_image": {"type": "str"},
}


def main():
    module = AnsibleModule(
        argument_spec={**OPTIONS, **ARGUMENTS},
        required_if=[("state", "present", ("subnet", "net_image", "dns_image"))],
        supports_check_mode=True,
    )
    params = module.params

    def describe():
        description = {key: params[key] for key in ("cidr", "subnet", "bridge", "network")}
        return dict(description, images={"net": params["net_image"], "dns": params["dns_image"]})

    run(module, KIND, describe)


if __name__ == "__main__":
    main()
