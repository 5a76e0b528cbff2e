# SPDX-License-Identifier: Apache-2.0
"""Makes the collection importable as Ansible sees it, through the link below collections/."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))
sys.path.insert(0, str(Path(__file__).resolve().parent))

# How long an example takes says more about the machine's other work than about the code.
settings.register_profile("orca", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("orca")
