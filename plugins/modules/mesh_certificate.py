#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_certificate
short_description: The key of a host in the mesh, and the request for its certificate
version_added: 0.1.0
author: The orca.platform authors (@orca-platform)
description:
  - Makes the host's private key where there is none, on the host, and returns a certificate request for it.
    The key never leaves the host.
  - M(orca.platform.mesh_authority) signs the request.
attributes:
  check_mode:
    description: Can predict what it would do; a host without a key has no request then.
    support: full
  diff_mode:
    description: Shows what differs.
    support: none
options:
  id:
    description: Identity of the host, the name in the certificate.
    type: str
    required: true
requirements:
  - On the host, Python >= 3.8 and openssl >= 1.1.1.
"""

EXAMPLES = r"""
- name: A request
  orca.platform.mesh_certificate:
    id: 0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01
  register: request
"""

RETURN = r"""
id:
  description: The identity, as given.
  returned: success
  type: str
  sample: 0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01
request:
  description: Certificate request (PEM); empty in check mode when there is no key yet.
  returned: success
  type: str
  sample: -----BEGIN CERTIFICATE REQUEST-----
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply import (
    Host,
    HostStateError,
    certificate_request,
)
from ansible_collections.orca.platform.plugins.module_utils.hoststate.apply.identity import has_key, require_identity


def main():
    module = AnsibleModule(argument_spec={"id": {"type": "str", "required": True}}, supports_check_mode=True)
    host = Host()
    missing = not has_key(host)
    try:
        require_identity(module.params["id"])
        request = "" if missing and module.check_mode else certificate_request(host, module.params["id"])
    except (HostStateError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=missing, id=module.params["id"], request=request)


if __name__ == "__main__":
    main()
