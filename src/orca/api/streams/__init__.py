# SPDX-License-Identifier: Apache-2.0
"""Streams: live views of hosts and containers, from the agents through the server.

``access`` gives out tokens, ``sockets`` admits viewers with a token, ``backends`` opens the agent's connection,
``relay`` and ``fan`` pass frames on.
"""

from orca.api.streams.access import behaviour
from orca.api.streams.backends import Backends
from orca.api.streams.sockets import StreamSockets
from orca.engine import Assembly


def install(assembly: Assembly) -> None:
    """Add the links and actions, and the end of an agent's streams with its connection."""
    assembly.add(behaviour)
    backends = Backends(assembly)
    assembly.provide(backends)
    assembly.behaviour.agent("disconnected")(backends.disconnected)


__all__ = ["Backends", "StreamSockets", "install"]
