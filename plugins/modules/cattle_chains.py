#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: cattle_chains
short_description: The packet filter chains of a host's managed network
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Keeps the chains whose names begin with CATTLE_ in the tables raw, nat and filter and the jumps to them,
    in one transaction and only where something differs. Works with whichever variant of iptables Docker uses.
  - Publishes ports of containers to the outside, to the host itself (also under C(127.0.0.1)), to neighbours and to
    the container itself. The host drops everything else that comes from outside for the project's range, and sends
    nothing for that range in clear.
  - Sets C(route_localnet) on the bridge, so that the host's loopback reaches containers, and drops loopback addresses
    that come from anywhere but the host itself (CVE-2020-8558).
extends_documentation_fragment:
  - orca.platform.host_kind
  - orca.platform.host_kind.attributes
options:
  bridge:
    description: Name of the bridge device.
    type: str
    default: orca0
  ports:
    description: The published ports. Those not named are closed.
    type: list
    elements: dict
    default: []
    suboptions:
      public:
        description: Port on the host.
        type: int
        required: true
      private:
        description: Port of the container. The same as O(ports[].public) by default.
        type: int
      protocol:
        description: Protocol.
        type: str
        choices: [tcp, udp]
        default: tcp
      address:
        description: Address of the container.
        type: str
        required: true
      bind:
        description: Address of the host on which the port is open. Every address by default.
        type: str
"""

EXAMPLES = r"""
- name: Publish a web server
  orca.platform.cattle_chains:
    subnet: 10.42.1.0/24
    ports:
      - {public: 8080, private: 80, address: 10.42.1.10}
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample: ["iptables (nft)"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._host_kind import ARGUMENTS, run
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.firewall import KIND
from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan.firewall import PROTOCOLS
from ansible_collections.orca.platform.plugins.module_utils.hoststate.plan.network import BRIDGE

PORT = {
    "public": {"type": "int", "required": True},
    "private": {"type": "int"},
    "protocol": {"type": "str", "choices": list(PROTOCOLS), "default": "tcp"},
    "address": {"type": "str", "required": True},
    "bind": {"type": "str"},
}
OPTIONS = {
    "bridge": {"type": "str", "default": BRIDGE},
    "ports": {"type": "list", "elements": "dict", "default": [], "options": PORT},
}


def port(entry):
    """An item of kind firewall and its key: what is public, since that can be there only once."""
    item = {
        "publicPort": entry["public"],
        "privatePort": entry["private"] or entry["public"],
        "protocol": entry["protocol"],
        "bindAddress": entry["bind"] or "",
        "address": entry["address"],
    }
    return "%s:%s/%s" % (item["bindAddress"], item["publicPort"], item["protocol"]), item


def main():
    module = AnsibleModule(
        argument_spec={**OPTIONS, **ARGUMENTS},
        required_if=[("state", "present", ("subnet",))],
        supports_check_mode=True,
    )
    params = module.params

    def describe():
        description = {key: params[key] for key in ("cidr", "subnet", "bridge")}
        ports = dict(port(entry) for entry in params["ports"])
        if len(ports) < len(params["ports"]):
            raise ValueError("ports: the same public port is named more than once")
        return dict(description, ports=ports)

    run(module, KIND, describe)


if __name__ == "__main__":
    main()
