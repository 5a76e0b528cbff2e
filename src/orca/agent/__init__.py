# SPDX-License-Identifier: Apache-2.0
"""The agent: one process on every host that keeps a connection to the server and does what it is told."""


def main() -> None:
    """Run ``orca-agent``."""
    from .process import main as run

    run()
