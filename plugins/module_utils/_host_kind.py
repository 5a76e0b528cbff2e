# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The common part of the modules for one kind of host state: they only describe it, hoststate does the work."""

from __future__ import annotations

import ipaddress

from .hoststate.apply import PUSH, HostStateError, apply_kind
from .hoststate.plan.addressing import DEFAULT_CIDR

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "cidr": {"type": "str", "default": DEFAULT_CIDR},
    "subnet": {"type": "str"},
    "takeover": {"type": "bool", "default": False},
}

VERSION = 1  # playbooks have no history; the owner file's digest tells descriptions apart


def run(module, kind, describe):
    """Apply what ``describe()`` returns for a kind of host state, or remove that kind, and end the module."""
    params = module.params
    if params["state"] == "present":
        # Roles hand on their defaults, which are empty where something must be given; Ansible lets null pass as given.
        required = module.required_if[0][2]
        empty = sorted(key for key, value in params.items() if value == "" or (value is None and key in required))
        if empty:
            module.fail_json(msg="must not be empty with state=present: " + ", ".join(empty))
        for key in ("cidr", "subnet"):
            try:
                ipaddress.IPv4Network(params[key])
            except ValueError as error:
                module.fail_json(msg="%s: %s is not an IPv4 network: %s" % (key, params[key], error))
    try:
        description = describe() if params["state"] == "present" else None
        result = apply_kind(kind, description, PUSH, VERSION, check=module.check_mode, takeover=params["takeover"])
    except (HostStateError, OSError, ValueError) as error:
        module.fail_json(msg=str(error))
    diff = {"before": result.before, "after": result.after}
    module.exit_json(changed=result.changed, actions=result.actions, diff=diff)
