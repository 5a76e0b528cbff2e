# SPDX-License-Identifier: Apache-2.0
"""The one executor: observes a host and makes it match a description. Python standard library only.

host = Host()
result = apply_kind("firewall", describe("firewall", items), owner="agent", version=7, host=host)
"""

from __future__ import annotations

from .docker import Engine, EngineError, EngineUnavailable
from .drift import DriftWatch
from .errors import HostStateError, OwnedByOther
from .host import Host
from .identity import certificate_request
from .kind import apply_kind
from .mesh import initiate as initiate_mesh
from .owner import AGENT, PUSH, Ledger, Owner
from .result import Result

__all__ = [
    "AGENT",
    "PUSH",
    "DriftWatch",
    "Engine",
    "EngineError",
    "EngineUnavailable",
    "Host",
    "HostStateError",
    "Ledger",
    "Owner",
    "OwnedByOther",
    "Result",
    "apply_kind",
    "certificate_request",
    "initiate_mesh",
]
