# SPDX-License-Identifier: Apache-2.0
"""What a server takes before anybody asked for anything. Sizes and names, not seconds: they are the same everywhere."""

import signal
from pathlib import Path

from realserver import RealServer

FOREIGN = 535
"""Modules of others that are imported when the server answers: each costs a part of the start. Raise it with a reason
only. Modules of our own are many and small; what they cost shows in the memory."""
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
    "sqlalchemy.dialects.mysql",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
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
    foreign = {name for name in modules if name.partition(".")[0] != "orca"}
    assert len(foreign) <= FOREIGN, f"{len(foreign)} modules of others"
