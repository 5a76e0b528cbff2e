#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_answers
short_description: What a host's resolver answers to which container
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Gives the resolver at 169.254.169.250 the names that each container of this host may see.
    Names not given to a container do not exist for it.
  - Each name works as given, and below C(orca.internal) and C(rancher.internal); the addresses have reverse names.
    Other names go to the host's own resolvers.
extends_documentation_fragment:
  - orca.platform.host_kind
  - orca.platform.host_kind.attributes
options:
  scopes:
    description:
      - Name of a scope -> name -> list of addresses, or the name of a host elsewhere that the name stands for.
      - A scope holds the names that several containers see, once for all of them.
    type: dict
    default: {}
    version_added: 0.2.0
  clients:
    description:
      - Address of a container -> list of the scopes that it sees. If several have a name, the first one counts.
      - Or address of a container -> its own names, in the form that they have in O(scopes).
      - Containers not named see no names.
    type: dict
    default: {}
  upstreams:
    description: Resolvers for all other names. By default those of the host's own that containers can reach.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: One container sees the other
  orca.platform.dns_answers:
    subnet: 10.42.1.0/24
    clients:
      10.42.1.10:
        memcached: [10.42.2.10]
        database: db.example.com

- name: Two containers of one stack
  orca.platform.dns_answers:
    subnet: 10.42.1.0/24
    scopes:
      shop:
        web.shop: [10.42.1.10, 10.42.1.11]
        db.shop: [10.42.2.10]
      web:
        db: [10.42.2.10]
    clients:
      10.42.1.10: [web, shop]
      10.42.1.11: [web, shop]
"""

RETURN = r"""
actions:
  description: What was done, or in check mode would be, in order.
  returned: success
  type: list
  elements: str
  sample: [write /var/lib/orca/dns/table.lua]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._host_kind import ARGUMENTS, run
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.dns import KIND

OPTIONS = {
    "scopes": {"type": "dict", "default": {}},
    "clients": {"type": "dict", "default": {}},
    "upstreams": {"type": "list", "elements": "str"},
}


def scopes(entries):
    """The scopes as kind dns has them.

    :raises ValueError: an entry is not a mapping of names to lists of addresses or to texts.
    """
    for scope, names in entries.items():
        if not _are_names(names):
            raise ValueError("scopes: %s: names must be a mapping of name to addresses or a host name" % scope)
    return entries


def clients(entries, known):
    """The clients as kind dns has them.

    :raises ValueError: an entry is neither a list of scopes that there are, nor a mapping of names.
    """
    for address, seen in entries.items():
        if isinstance(seen, list):
            missing = [str(scope) for scope in seen if scope not in known]
            if missing:
                raise ValueError("clients: %s: there is no scope %s" % (address, ", ".join(missing)))
        elif not _are_names(seen):
            raise ValueError(
                "clients: %s: give a list of scopes, or a mapping of name to addresses or a host name" % address
            )
    return entries


def _are_names(names):
    return isinstance(names, dict) and all(isinstance(answer, (list, str)) for answer in names.values())


def main():
    module = AnsibleModule(
        argument_spec={**OPTIONS, **ARGUMENTS},
        required_if=[("state", "present", ("subnet",))],
        supports_check_mode=True,
    )
    params = module.params

    def describe():
        description = {
            "cidr": params["cidr"],
            "subnet": params["subnet"],
            "scopes": scopes(params["scopes"]),
            "clients": clients(params["clients"], params["scopes"]),
        }
        return dict(description, upstreams=params["upstreams"]) if params["upstreams"] else description

    run(module, KIND, describe)


if __name__ == "__main__":
    main()
