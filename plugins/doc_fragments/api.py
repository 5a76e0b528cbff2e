# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    # What every module that talks to the server takes. The inventory plugin has the same options with its own ways to
    # set them, see INVENTORY below.
    DOCUMENTATION = r"""
options:
  api_url:
    description:
      - Address of the server, for example V(https://orca.example.com:8080).
      - Defaults to the environment variable E(ORCA_URL), then to what O(api_home) holds.
    type: str
  api_access_key:
    description:
      - Public half of an API key.
      - Defaults to the environment variable E(ORCA_ACCESS_KEY), then to what O(api_home) holds for the same server.
    type: str
  api_secret_key:
    description:
      - Secret half of the API key.
      - Defaults to the environment variable E(ORCA_SECRET_KEY), then to what O(api_home) holds for the same server.
    type: str
  api_ca_path:
    description:
      - File with the only certificate authority to trust.
      - Defaults to the environment variable E(ORCA_CA), then to C(server/ca.pem) in O(api_home),
        then to the system's authorities.
    type: path
  api_project:
    description:
      - Name or id of the project to work in. If several have that name, give the id.
      - Defaults to the environment variable E(ORCA_PROJECT), then to V(Default).
    type: str
  api_home:
    description:
      - Folder in which the role P(orca.platform.server#role) leaves C(server/admin.json) and C(server/ca.pem).
      - Defaults to the environment variable E(ORCA_HOME), then to C(~/.orca).
    type: path
  api_timeout:
    description: How long one request may take, in seconds.
    type: int
    default: 30
notes:
  - The module talks to the server from where it runs. Run it once, on the control node,
    with C(delegate_to=localhost) or in a play on C(localhost).
  - A module that makes changes goes on when the server restarts meanwhile, within its C(wait_timeout) or, without one,
    its O(api_timeout).
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can predict what it would do without doing it.
  diff_mode:
    description: Shows what is changed.
  idempotent:
    description: Changes nothing when it runs again with the same options.
  action_group:
    description: C(group/orca.platform.api) in C(module_defaults) sets options of all modules that talk to the server.
    support: full
    membership:
      - orca.platform.api
"""

    INVENTORY = r"""
options:
  api_url:
    description:
      - Address of the server, for example V(https://orca.example.com:8080).
      - If neither this nor O(api_home) gives it, there is no server yet, and the inventory lists machines only.
    type: str
    env:
      - name: ORCA_URL
  api_access_key:
    description: Public half of an API key. Defaults to what O(api_home) holds for the same server.
    type: str
    env:
      - name: ORCA_ACCESS_KEY
  api_secret_key:
    description: Secret half of the API key. Defaults to what O(api_home) holds for the same server.
    type: str
    env:
      - name: ORCA_SECRET_KEY
  api_ca_path:
    description:
      - File with the only certificate authority to trust.
      - Defaults to C(server/ca.pem) in O(api_home), then to the system's authorities.
    type: path
    env:
      - name: ORCA_CA
  api_project:
    description: Name or id of the project whose hosts are listed. If several have that name, give the id.
    type: str
    env:
      - name: ORCA_PROJECT
  api_home:
    description:
      - Folder in which the role P(orca.platform.server#role) leaves the server's address, key and certificate
        authority, and the module M(orca.platform.machine) the keys of machines.
      - Defaults to C(~/.orca).
    type: path
    env:
      - name: ORCA_HOME
  api_timeout:
    description: How long one request may take, in seconds.
    type: int
    default: 30
"""
