#!/usr/bin/python
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: registration_token
short_description: Get the address with which hosts join
version_added: 0.1.0
author: The orca.platform authors (@orca)
description:
  - Returns the registration address of a project, which the role P(orca.platform.agent#role) hands to hosts that have
    not joined yet.
  - Uses the project's active token again, and makes one only if there is none.
extends_documentation_fragment:
  - orca.platform.api
  - orca.platform.api.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  state:
    description:
      - V(present) returns the active token and makes one when there is none.
      - V(absent) revokes the project's tokens. Hosts that have joined stay.
    type: str
    choices: [present, absent]
    default: present
  wait_timeout:
    description: How long a new token may take to become active, in seconds.
    type: int
    default: 30
notes:
  - The result lets any machine join the project. Keep it out of logs with C(no_log=true) on the task.
"""

EXAMPLES = r"""
- name: Get the address with which hosts join
  orca.platform.registration_token:
  delegate_to: localhost
  run_once: true
  register: joining
  no_log: true

- name: Revoke all tokens
  orca.platform.registration_token:
    state: absent
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
registration_url:
  description: Address that a host registers at, with the token in it.
  returned: when O(state=present), except when one would be made in check mode
  type: str
  sample: https://orca.example.com:8080/v1/scripts/F1A2:1767225600000:Q2x1
command:
  description: The command that makes a machine with Docker join, without Ansible.
  returned: when O(state=present), except when one would be made in check mode
  type: str
  sample: sudo docker run -d --name orca-agent …
ca_sha256:
  description:
    - SHA-256 of the server's certificate authority in hexadecimal, by which a host recognises the server.
    - As the server tells it; while there is no token, that of O(api_ca_path), or empty.
  returned: when O(state=present)
  type: str
  sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
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

import hashlib
import re
import ssl
import time

from ansible_collections.orca.platform.plugins.module_utils._api import ApiError
from ansible_collections.orca.platform.plugins.module_utils._api_module import api_module, client_of


def fingerprint(path):
    """SHA-256 of the certificate in a PEM file, over its DER form; "" without a file. Raises ApiError."""
    if path is None:
        return ""
    try:
        with open(path, encoding="ascii") as file:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()
    except (OSError, ValueError) as exc:
        raise ApiError(f"cannot read the certificate authority {path}: {exc}") from exc


def pinned(command):
    """The SHA-256 of the authority that a registration command names; "" when it names none."""
    found = re.search(r"\bORCA_CA_SHA256=([0-9a-f]{64})\b", command)
    return found.group(1) if found else ""


def present(module, client):
    """The result with the active token, made when there is none. Raises ApiError."""
    deadline = client.deadline = time.monotonic() + module.params["wait_timeout"]
    token = client.find("registrationtokens", state="active")
    result = {"changed": token is None}
    if token is None:
        if module.check_mode:
            return dict(result, ca_sha256=fingerprint(client.target.ca_path))
        token = client.wait_settled(client.create("registrationtokens"), deadline)
    # What clients here trust may be the system's authorities or a bundle; agents trust one, which the server names.
    ca_sha256 = pinned(token["command"]) or fingerprint(client.target.ca_path)
    return dict(result, ca_sha256=ca_sha256, registration_url=token["registrationUrl"], command=token["command"])


def absent(module, client):
    """Revoke the project's tokens: one that is not active is refused at once. Raises ApiError."""
    deadline = client.deadline = time.monotonic() + module.params["wait_timeout"]
    tokens = client.list(client.in_project("registrationtokens"), state="active")
    if not module.check_mode:
        for token in tokens:
            client.wait_settled(client.act(token, "deactivate"), deadline)
    return {"changed": bool(tokens)}


def main():
    module = api_module(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "wait_timeout": {"type": "int", "default": 30},
        }
    )
    try:
        ensure = present if module.params["state"] == "present" else absent
        result = ensure(module, client_of(module))
    except ApiError as exc:
        module.fail_json(**exc.as_result())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
