# SPDX-License-Identifier: Apache-2.0
"""The command line as a process of its own, against a real server whose one host runs real containers."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

STREAMS = Path(__file__).parent.parent / "streams" / "conftest.py"
specification = importlib.util.spec_from_file_location("streams_site", STREAMS)
assert specification is not None
assert specification.loader is not None
streams = importlib.util.module_from_spec(specification)
specification.loader.exec_module(streams)

engine, site = streams.engine, streams.site
PROGRAM = [sys.executable, "-c", "from orca.cli import main; main()"]
LIMIT = 60.0

Orca = Callable[..., Awaitable[tuple[int, str, str]]]


def environment(server: Any, home: Path, **more: str) -> dict[str, str]:
    """What the command line needs to work as the administrator."""
    admin = json.loads((server.folder / "admin.json").read_text())
    known = {name: value for name, value in os.environ.items() if not name.startswith("ORCA_")}
    keys = {"ORCA_ACCESS_KEY": admin["accessKey"], "ORCA_SECRET_KEY": admin["secretKey"]}
    return {**known, **keys, "ORCA_URL": server.url, "ORCA_HOME": str(home), **more}


async def started(env: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    """A running `orca ARGUMENTS...`."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*PROGRAM, *arguments, stdin=pipe, stdout=pipe, stderr=pipe, env=env)


@pytest.fixture
def env(site: Any, tmp_path: Path) -> dict[str, str]:
    return environment(site.server, tmp_path / "home")


@pytest.fixture
def orca(env: dict[str, str]) -> Orca:
    """Run `orca ARGUMENTS...` to its end: exit code, standard output, standard error."""

    async def run(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        process = await started(env, *arguments)
        async with asyncio.timeout(LIMIT):
            out, err = await process.communicate(stdin)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    return run
