# SPDX-License-Identifier: Apache-2.0
"""The server's command, with a named point where the process kills itself the Nth time it gets there once armed.

Usage: ``killed_server.py POINT NTH server --data-dir …``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from killpoints import kill_at

from orca.cli import main
from orca.simulator.connection import SimConnection

if __name__ == "__main__":
    kill_at(sys.argv.pop(1), int(sys.argv.pop(1)), SimConnection, armed=False)
    main()
