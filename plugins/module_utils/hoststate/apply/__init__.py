# SPDX-License-Identifier: Apache-2.0
"""The one executor: observes a host and makes it match a description. Python standard library only.

A kind of state is one object (``kind``), and ``kinds`` is the table of all:

result = apply_kind(firewall.KIND, firewall.KIND.describe(items), owner="agent", version=7, host=Host())
"""

from __future__ import annotations

from .docker import Engine, EngineError, EngineUnavailable
from .drift import DriftWatch
from .errors import HostStateError, OwnedByOther
from .executor import apply_kind
from .host import Host
from .identity import certificate_request
from .kind import Kind, Path
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
    "Kind",
    "Ledger",
    "Owner",
    "OwnedByOther",
    "Path",
    "Result",
    "apply_kind",
    "certificate_request",
    "initiate_mesh",
]
