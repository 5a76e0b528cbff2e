# SPDX-License-Identifier: Apache-2.0
"""A model of a host: its containers, images and config items, and the agent on it.

The model is pure: events of the wire and the time go in, answers and reports come out. ``Driver`` runs it in an event
loop. It answers in the form of the real agent; tests/unit/agent/test_pretended.py compares the two.
"""

from orca.simulator.host.agent import Agent, Said
from orca.simulator.host.changes import Change
from orca.simulator.host.clock import Clock
from orca.simulator.host.driver import Driver
from orca.simulator.host.host import Host
from orca.simulator.host.items import Item
from orca.simulator.host.room import Container, Room
from orca.simulator.host.wellness import Wellness

__all__ = ["Agent", "Change", "Clock", "Container", "Driver", "Host", "Item", "Room", "Said", "Wellness"]
