# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: The orca.platform authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations


class ModuleDocFragment:
    # What every module that brings one kind of a host's state takes.
    DOCUMENTATION = r"""
options:
  state:
    description: Whether this kind of state is there as described, or removed from the host.
    type: str
    choices: [present, absent]
    default: present
  cidr:
    description: Range of the whole container network, the same on every host.
    type: str
    default: 10.42.0.0/16
  subnet:
    description: Range of this host within O(cidr), between /16 and /26. Required with O(state=present).
    type: str
  takeover:
    description:
      - Apply even if an agent owns this kind of state on the host (see C(/var/lib/orca/host)).
        The agent takes it back when it starts.
      - Without it the module fails for such a host; in check mode it only reports what differs.
    type: bool
    default: false
requirements:
  - On the host, Python >= 3.8 and a Docker engine.
"""

    ATTRIBUTES = r"""
options: {}
attributes:
  check_mode:
    description: Can predict what it would do.
    support: full
  diff_mode:
    description: Shows what differs.
    support: full
  platform:
    description: Where it runs.
    support: full
    platforms: linux
"""
