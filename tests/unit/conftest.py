# SPDX-License-Identifier: Apache-2.0
"""Makes the collection importable as Ansible sees it, through the link below collections/."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
