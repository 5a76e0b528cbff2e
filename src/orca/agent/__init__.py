# SPDX-License-Identifier: Apache-2.0
"""The agent: one process on every host that keeps a connection to the server and carries out its commands."""

import sys

from orca.extras import cure


def main() -> None:
    """Run ``orca-agent``."""
    from .lazy import postpone

    postpone("importlib.metadata", "urllib.request")  # websockets imports them (1.5 MB) and does not need them here
    try:
        from .process import main as run
    except ModuleNotFoundError as error:
        sys.stderr.write(f"orca-agent: {cure('orca-agent', 'agent', error)}\n")
        sys.exit(1)
    run()
