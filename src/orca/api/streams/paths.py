# SPDX-License-Identifier: Apache-2.0
"""Where the streams are, below the version. Source: docs/v1.md, section 9."""

from typing import Final

HOST_STATS: Final = "hoststats"
PROJECT_STATS: Final = "hoststats/project"
CONTAINER_STATS: Final = "containerstats"
SERVICE_STATS: Final = "containerstats/service"
RAW_STATS: Final = "stats"
LOGS: Final = "logs"
EXEC: Final = "exec"

ROOTS: Final = frozenset({"hoststats", "containerstats", "stats", "logs", "exec"})
"""The first segments of stream URLs."""
