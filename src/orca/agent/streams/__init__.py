# SPDX-License-Identifier: Apache-2.0
"""What viewers see of this host: statistics, logs, commands, each over a connection of its own.

Nothing is collected while nobody looks, and nothing is buffered: TCP holds up whoever is too fast.
"""

from .streams import Streams

__all__ = ["Streams"]
