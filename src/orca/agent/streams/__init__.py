# SPDX-License-Identifier: Apache-2.0
"""Streams of this host for viewers: statistics, logs, commands, each over its own connection.

Nothing is collected without a viewer, and nothing is buffered: TCP slows down the faster side.
"""

from .streams import Streams

__all__ = ["Streams"]
