# SPDX-License-Identifier: Apache-2.0
"""orca.platform: server, agent and command line."""

__version__ = "0.1.0"
