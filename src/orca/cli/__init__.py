# SPDX-License-Identifier: Apache-2.0
"""Floor 5: the command line.

Commands are imported when they are called, so that ``orca --help`` and ``orca server`` do not import the HTTP client
and each other. ``main`` is the console script.
"""

from __future__ import annotations

import sys

from orca.extras import cure


def main() -> None:
    """Run the command line; every expected failure is one line on standard error and an exit code."""
    extra = "server" if "server" in sys.argv[1:] else "cli"
    try:
        from orca.cli.root import main as run

        run()
    except ModuleNotFoundError as error:
        sys.stderr.write(f"orca: {cure('orca', extra, error)}\n")
        sys.exit(1)
