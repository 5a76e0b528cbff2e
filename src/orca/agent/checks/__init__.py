# SPDX-License-Identifier: Apache-2.0
"""The health of containers as this host sees it: its checker's verdicts, and those of the engine's own checks.

``lines``, ``verdicts`` and ``engine`` are pure; ``checker`` follows HAProxy, ``reports`` sends.
"""

from .checker import Checker
from .engine import EngineChecks
from .lines import words
from .reports import Reports

__all__ = ["Checker", "EngineChecks", "Reports", "words"]
