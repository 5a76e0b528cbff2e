# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

# Private to this collection: no stable interface for others.
"""The edge between AnsibleModule and the API client."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.orca.platform.plugins.module_utils._api import ApiClient, resolve

# The options of doc fragment orca.platform.api. The environment is read by `resolve`, after the options.
API_OPTIONS = {
    "api_url": {"type": "str"},
    "api_access_key": {"type": "str", "no_log": False},
    "api_secret_key": {"type": "str", "no_log": True},
    "api_ca_path": {"type": "path"},
    "api_project": {"type": "str"},
    "api_home": {"type": "path"},
    "api_timeout": {"type": "int", "default": 30},
}


def api_module(argument_spec, **settings):
    """An AnsibleModule with the API options added to its own; check mode is supported by all of these modules."""
    return AnsibleModule(argument_spec=dict(API_OPTIONS, **argument_spec), supports_check_mode=True, **settings)


def client_of(module):
    """The client that a module's options and environment describe. Raises ApiError."""
    return ApiClient(resolve(module.params))
