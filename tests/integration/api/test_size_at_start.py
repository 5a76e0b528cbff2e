# SPDX-License-Identifier: Apache-2.0
"""What a server takes before anybody asked for anything. Sizes and names, not seconds: they are the same everywhere."""

import signal
from pathlib import Path

from realserver import RealServer

MODULES = 945
"""Modules that are imported when the server answers: each costs a part of the start. Raise it with a reason only.

The 24 rooms of orchestration, provision and the API hold nothing but a docstring each. What server and hosts must
spell alike (names of items, labels, paths, the agent's container) comes from six small modules of hoststate. Balancers,
the verdicts of health checks and what containers share take 16 modules of ours."""
MEGABYTES = 100
"""Resident, with three hosts (docs/performance.md)."""
LATER = {
    "alembic",
    "prometheus_client",
    "docker",
    "psycopg",
    "pymysql",
    "httpx",
    "websockets.client",
    "openapi_spec_validator",
}
"""What is imported when it is needed, if ever."""
TELL = (
    "import atexit, sys, pathlib; "
    "atexit.register(lambda: pathlib.Path(sys.argv[3], 'modules').write_text(chr(10).join(sorted(sys.modules)))); "
    "from orca.cli import main; main()"
)


def resident(process) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1000


async def test_start_imports_and_holds_no_more_than_it_should(tmp_path):
    server = RealServer(tmp_path, "--sim")
    server.program = ("-c", TELL)
    await server.start()
    try:
        for number in range(3):
            await server.post("agents", {"uri": f"sim://size-{number}"})
        await server.until("hosts", lambda page: sum(row["agentState"] == "active" for row in page["data"]) == 3)
        assert resident(server.process) <= MEGABYTES
    finally:
        await server.kill(signal.SIGTERM)
        await server.http.aclose()
    modules = set((tmp_path / "modules").read_text().split())
    assert not modules & LATER
    assert len(modules) <= MODULES, f"{len(modules)} modules"
