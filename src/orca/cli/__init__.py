# SPDX-License-Identifier: Apache-2.0
"""Floor 5: the command line.

Commands are imported when they are called, so that `orca --help` and `orca server` do not pay for the HTTP client and
each other (`main` is the console script).
"""

from __future__ import annotations

from orca.cli.root import main

__all__ = ["main"]
