# SPDX-License-Identifier: Apache-2.0
"""The balancers of this host while they run: what config items alone cannot do.

``loader`` has HAProxy load another structure, ``connections`` ends connections of targets that leave, ``follower``
hears what HAProxy's checks say, and ``reports`` sends that. ``lines`` and ``order`` are pure.
"""

from .balancers import Balancers

__all__ = ["Balancers"]
