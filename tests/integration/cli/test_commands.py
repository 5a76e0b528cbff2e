# SPDX-License-Identifier: Apache-2.0
"""The command line's other commands, with simulated agents; signing in over TLS with a pinned authority."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from .conftest import Orca, environment, started, streams

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMPOSE = "web:\n  image: orca/web:1\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    async with streams.RealServer.running(tmp_path_factory.mktemp("cli") / "data", "--sim") as running:
        await running.post("agents", {"uri": "sim://one"})
        await running.until(
            "hosts", lambda a: a["data"] and a["data"][0]["agentState"] == a["data"][0]["state"] == "active"
        )
        yield running


@pytest.fixture
def env(server: Any, tmp_path: Path) -> dict[str, str]:
    return environment(server, tmp_path / "home")


async def test_the_life_of_a_stack(orca: Orca, tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text(COMPOSE)
    assert (await orca("up", "-f", str(file), "-p", "life"))[0] == 0
    assert (await orca("scale", "life/web=2"))[0] == 0
    rows = json.loads((await orca("ps", "life", "-o", "json"))[1])
    assert [row["type"] for row in rows] == ["service", "container", "container"]
    assert (await orca("restart", "life"))[0] == 0
    assert (await orca("stop", "life"))[0] == 0
    assert json.loads((await orca("inspect", "life/web"))[1])["state"] == "inactive"
    assert (await orca("start", "life"))[0] == 0
    assert (await orca("wait", "life", "--for", "active"))[0] == 0
    assert (await orca("down", "-p", "life", "-f", str(file)))[0] == 0
    assert (await orca("inspect", "life"))[0] == 5


async def test_a_changed_file_is_what_runs(orca: Orca, tmp_path: Path) -> None:
    async def up(text: str) -> tuple[int, str]:
        file.write_text(text)
        code, _, err = await orca("up", "-f", str(file), "-p", "news")
        return code, err

    async def runs() -> list[tuple[str, str]]:
        rows = json.loads((await orca("containers", "--all", "-o", "json"))[1])
        return sorted((row["name"], row["imageUuid"]) for row in rows if row["name"].startswith("news_"))

    file = tmp_path / "docker-compose.yml"
    assert (await up("web: {image: 'sim:1'}\nold: {image: 'sim:1'}\n"))[0] == 0
    assert (await up("web: {image: 'sim:2'}\nnew: {image: 'sim:1'}\n"))[0] == 0
    assert await runs() == [("news_new_1", "docker:sim:1"), ("news_web_1", "docker:sim:2")]
    broken = "web: {image: 'sim:3', environment: {X: 'compute.instance.activate::fail'}}\nnew: {image: 'sim:1'}\n"
    code, err = await up(broken)
    assert (code, "service web: news_web_1: Failing [compute.instance.activate]" in err) == (1, True)
    # What ran before runs again; one may go on from there.
    assert ("news_web_1", "docker:sim:2") in await runs()
    assert (await up("web: {image: 'sim:4'}\nnew: {image: 'sim:1'}\n"))[0] == 0
    assert await runs() == [("news_new_1", "docker:sim:1"), ("news_web_1", "docker:sim:4")]


async def test_a_variable_that_is_not_set_is_a_warning_or_takes_its_default(orca: Orca, tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text('web: {image: "sim:web${ORCA_TEST_UNSET:-}", command: "echo $ORCA_TEST_UNSET $$HOME"}\n')
    code, _, err = await orca("up", "-f", str(file), "-p", "unset")
    assert (code, "variable ORCA_TEST_UNSET is not set" in err) == (0, True)


async def test_names_are_found_or_likened_or_refused(orca: Orca, server: Any) -> None:
    for _ in range(2):
        await server.post("containers", {"name": "twin", "imageUuid": "sim:web"})
    code, _, err = await orca("stop", "twin")
    assert code == 1
    assert "several are called twin: container 1i" in err
    code, _, err = await orca("stop", "twim")
    assert code == 5
    assert "did you mean twin?" in err


async def test_any_id_can_be_inspected(orca: Orca, server: Any) -> None:
    for plural in ("storagepools", "networks", "processinstances", "images"):
        identity = (await server.rows(plural))[0]["id"]
        code, out, err = await orca("inspect", identity)
        assert code == 0, err
        assert json.loads(out)["id"] == identity


async def test_a_command_that_waits_too_briefly_says_so(orca: Orca, server: Any) -> None:
    await server.post("containers", {"name": "steady", "imageUuid": "sim:web"})
    assert (await orca("wait", "steady", "--for", "running"))[0] == 0
    code, _, err = await orca("wait", "steady", "--for", "stopped", "--timeout", "0.1")
    assert code == 4
    assert "container steady is still running" in err


async def test_processes_show_the_log(orca: Orca, server: Any) -> None:
    made = await server.post("containers", {"name": "logged", "imageUuid": "sim:web"})
    assert (await orca("wait", made["id"], "--for", "running"))[0] == 0
    found = await server.rows("processinstances")
    start = next(p for p in found if p["processName"] == "instance.start" and p["resourceId"] == made["id"])
    assert "compute.instance.activate done" in (await orca("processes", start["id"]))[1]


async def test_completion_knows_names_and_ids(server: Any, env: dict[str, str]) -> None:
    made = await server.post("containers", {"name": "completed", "imageUuid": "sim:web"})
    for typed, wanted in (("compl", "completed"), (made["id"], made["id"])):
        more = {"_ORCA_COMPLETE": "bash_complete", "COMP_WORDS": f"orca logs {typed}", "COMP_CWORD": "2"}
        process = await started({**env, **more})
        out, _ = await process.communicate()
        assert f"plain,{wanted}" in out.decode().splitlines()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, Path]]:
    """A server with TLS on an address that is not the loopback, as its own name space sees it."""
    folder = tmp_path_factory.mktemp("tls") / "data"
    port = streams.free_port() if hasattr(streams, "free_port") else sys.modules["realserver"].free_port()
    url = f"https://localhost:{port}"
    options = ["server", "--data-dir", str(folder), "--listen", f"0.0.0.0:{port}", "--advertise-url", url]
    program = [sys.executable, "-c", "from orca.cli import main; main()"]
    process = await asyncio.create_subprocess_exec(*program, *options, stdout=asyncio.subprocess.DEVNULL)
    async with asyncio.timeout(60), httpx.AsyncClient(verify=False) as http:
        while True:
            assert process.returncode is None
            try:
                if (await http.get(f"{url}/ping")).status_code == 200 and (folder / "admin.json").exists():
                    break
            except httpx.TransportError:
                await asyncio.wait([asyncio.ensure_future(process.wait())], timeout=0.05)
    yield url, folder
    process.send_signal(signal.SIGTERM)
    await process.wait()


async def test_login_with_a_password_pins_the_authority(
    secure: tuple[str, Path], orca: Orca, env: dict[str, str]
) -> None:
    url, folder = secure
    for name in ("ORCA_ACCESS_KEY", "ORCA_SECRET_KEY", "ORCA_URL"):
        del env[name]
    password = json.loads((folder / "admin.json").read_text())["password"].encode()
    right = sha256(ssl.PEM_cert_to_DER_cert((folder / "tls" / "ca.crt").read_text().strip())).hexdigest()
    signing = ("--url", url, "login", "--username", "admin", "--secret-stdin")

    code, _, err = await orca(*signing, stdin=password)
    assert code == 3
    assert "--ca-fingerprint" in err
    code, _, err = await orca(*signing, "--ca-fingerprint", "00" * 32, stdin=password)
    assert code == 3
    assert "is not trusted" in err
    code, _, err = await orca(*signing, "--ca-fingerprint", right, stdin=b"wrong")
    assert code == 3
    assert "refuses the key" in err
    assert (await orca("hosts"))[0] == 3
    code, _, err = await orca(*signing, "--ca-fingerprint", right, stdin=password)
    assert code == 0, err
    assert (await orca("hosts"))[0] == 0
    kept = (Path(env["ORCA_HOME"]) / "config").read_text()
    assert password.decode() not in kept
    assert "default" in (await orca("context", "ls"))[1]
    made = json.loads(kept)["contexts"]["default"]
    assert await orca("context", "rm", "default") == (0, "", "")
    env |= {"ORCA_URL": url, "ORCA_CA": str(folder / "tls" / "ca.crt")}
    env |= {"ORCA_ACCESS_KEY": made["access_key"], "ORCA_SECRET_KEY": made["secret_key"]}
    code, _, err = await orca("hosts")
    assert (code, "refuses the key" in err) == (3, True)
