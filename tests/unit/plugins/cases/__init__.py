# SPDX-License-Identifier: GPL-3.0-or-later
"""For each module a file of its name with CASES and FAILURES."""

from __future__ import annotations

import importlib
from pathlib import Path

from harness.case import Case, Failure

FILES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def cases() -> list[Case]:
    """The cases of all modules."""
    return [case for name in FILES for case in importlib.import_module(f"cases.{name}").CASES]


def failures() -> list[Failure]:
    """The failures of all modules."""
    return [failure for name in FILES for failure in importlib.import_module(f"cases.{name}").FAILURES]
