# SPDX-License-Identifier: Apache-2.0
"""The agent: one process on every host that keeps a connection to the server and does what it is told."""


def main() -> None:
    """Run ``orca-agent``."""
    from .lazy import postpone

    postpone("importlib.metadata", "urllib.request")  # 1.5 MB that websockets imports, and does not need here
    from .process import main as run

    run()
