#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_authority
short_description: The certificate authority of a mesh without a server
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Keeps a certificate authority in a folder of the control node and signs the requests of hosts.
    With a server, the server does this.
  - A certificate is kept as long as it fits its request and is valid for O(renew_days) more days.
attributes:
  check_mode:
    description: Can predict what it would do; certificates that are not there yet are left out then.
    support: full
  diff_mode:
    description: Shows what differs.
    support: none
options:
  directory:
    description: Folder for the authority (C(ca.key), mode 0600, and C(ca.pem)) and the certificates it issued.
    type: path
    required: true
  requests:
    description:
      - Identity of a host -> its request (PEM), see M(orca.platform.mesh_certificate). Empty requests are skipped.
    type: dict
    required: true
  valid_days:
    description: How long new certificates are valid. Must be more than O(renew_days).
    type: int
    default: 825
  renew_days:
    description: A certificate that is valid for fewer days than this is issued again.
    type: int
    default: 90
requirements:
  - cryptography >= 43 (Python package) where it runs
"""

EXAMPLES = r"""
- name: Sign what the hosts ask for
  orca.platform.mesh_authority:
    directory: ~/.orca/mesh
    requests: {"0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01": "{{ request.request }}"}
  delegate_to: localhost
  run_once: true
  register: signed
"""

RETURN = r"""
ca:
  description: Certificate (PEM) of the authority; empty in check mode when there is none yet.
  returned: success
  type: str
  sample: -----BEGIN CERTIFICATE-----
certificates:
  description: Identity -> certificate (PEM).
  returned: success
  type: dict
  sample: {"0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01": "-----BEGIN CERTIFICATE-----"}
issued:
  description: Identities whose certificate was issued again.
  returned: success
  type: list
  elements: str
  sample: []
"""

import os
import traceback

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.orca.platform.plugins.module_utils import _mesh_authority

OPTIONS = {
    "directory": {"type": "path", "required": True},
    "requests": {"type": "dict", "required": True},
    "valid_days": {"type": "int", "default": 825},
    "renew_days": {"type": "int", "default": 90},
}


def main():
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    if _mesh_authority.MISSING:
        module.fail_json(msg=missing_required_lib("cryptography"), exception=_mesh_authority.MISSING)
    params = module.params
    if params["valid_days"] <= params["renew_days"]:
        module.fail_json(msg="valid_days must be more than renew_days, or every run issues every certificate again")
    requests = {str(identity): request for identity, request in params["requests"].items() if request}
    try:
        requests = _mesh_authority.read(requests)
        authority = _mesh_authority.Authority(params["directory"], module.check_mode)
        certificates, issued = authority.certify(requests, params["valid_days"], params["renew_days"])
    except (OSError, ValueError) as error:
        module.fail_json(msg="%s: %s" % (os.path.abspath(params["directory"]), error), exception=traceback.format_exc())
    module.exit_json(changed=authority.made or bool(issued), ca=authority.pem, certificates=certificates, issued=issued)


if __name__ == "__main__":
    main()
