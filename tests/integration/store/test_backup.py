# SPDX-License-Identifier: Apache-2.0
"""A backup of a server at work, restored: everything of that moment is there, and what runs goes on."""

import asyncio
import contextlib
import json
import shutil
import sys
import tarfile

import pytest
from databases import SERVERS
from realserver import RealServer

SIM = {"imageUuid": "sim:1"}


async def orca(server, *words):
    """`orca server` for the server's data; exit code and what it says."""
    options = [word for word in server.options if word != "--sim"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from orca.cli import main; main()", "server", "--data-dir", str(server.folder)),
        *(*options, *words),
        stderr=asyncio.subprocess.PIPE,
    )
    _, text = await process.communicate()
    return process.returncode, text.decode()


def names(path):
    with tarfile.open(path) as tar:
        return tar.getnames()


async def running(server, count):
    """Wait until so many containers run; their ids by uuid."""
    page = await server.until(
        "containers?limit=1000", lambda page: [row["state"] for row in page["data"]] == ["running"] * count
    )
    return {row["uuid"]: row["id"] for row in page["data"]}


async def test_a_backup_under_load_comes_back_and_everything_still_runs(tmp_path, options):
    file = tmp_path / "backup.tar"
    async with RealServer.running(tmp_path / "data", "--sim", *options) as server:
        await server.post("agents", {"uri": "sim://one"})
        await server.until("hosts", lambda page: [row["state"] for row in page["data"]] == ["active"])
        before = [await server.post("containers", SIM) for _ in range(5)]
        await running(server, 5)

        async def load():
            while True:
                await server.post("containers", SIM)

        at_work = asyncio.create_task(load())
        await asyncio.sleep(0)
        assert (await orca(server, "backup", str(file)))[0] == 0
        at_work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await at_work
        assert names(file) == ["manifest.json", "database"]
        assert file.stat().st_mode & 0o777 == 0o600
        for _ in range(3):
            await server.post("containers", SIM)
        status, text = await orca(server, "restore", str(file))
        assert (status, "another server runs" in text) == (1, True)
        total = len(await server.rows("containers"))
        made = await running(server, total)
        await server.kill()

        assert await orca(server, "restore", str(file)) == (0, said(file))
        await server.start()
        # All that were running still are: those that are known, and those made later, which nobody here asked for.
        await server.until("/v2/processinstances?endTime_null=true", lambda page: not page["data"])
        now = await running(server, total)
        assert {row["uuid"] for row in before} <= now.keys()
        natives = [row for row in await server.rows("containers") if row["nativeContainer"]]
        assert len(natives) >= 3
        assert there(server) == made.keys()
        # What they are called is given to nobody else.
        fresh = await server.post("containers", SIM)
        assert int(fresh["id"][2:]) > 1_000_000
        assert fresh["id"] not in made.values()
        await running(server, total + 1)
        rows = await server.rows("containers")
        assert len({row["primaryIpAddress"] for row in rows}) == total + 1


def said(file):
    """What a successful restore says."""
    import time

    with tarfile.open(file) as tar:
        created = json.load(tar.extractfile("manifest.json"))["created"]
    return f"restored the state of {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(created / 1000))}\n"


def there(server):
    """The containers that the simulated hosts have."""
    found = set()
    for line in (server.folder / "simulated.jsonl").read_text().splitlines():
        event = json.loads(line)
        (found.discard if event["do"] == "remove" else found.add)(event["uuid"])
    return found


async def test_keys_are_in_it_only_when_asked_for_and_make_a_server_elsewhere(tmp_path):
    file, bare = tmp_path / "full.tar", tmp_path / "bare.tar"
    async with RealServer.running(tmp_path / "data") as server:
        assert (await orca(server, "backup", "--with-keys", str(file)))[0] == 0
        assert (await orca(server, "backup", str(bare)))[0] == 0
        assert {"keys/master.key", "keys/admin.json", "keys/tls"} <= set(names(file))
        accounts = len(await server.rows("/v2/accounts"))
        key = (server.folder / "master.key").read_bytes()
        await server.kill()
        shutil.rmtree(server.folder)
        status, text = await orca(server, "restore", str(bare))
        assert (status, "holds no keys" in text) == (1, True)
        assert (await orca(server, "restore", str(file)))[0] == 0
        assert (server.folder / "master.key").read_bytes() == key
        await server.start()
        assert len(await server.rows("/v2/accounts")) == accounts


@pytest.mark.parametrize("kind", SERVERS)
async def test_a_backup_makes_a_server_on_an_empty_database_elsewhere(kind, servers, tmp_path):
    file = tmp_path / "full.tar"
    with servers(kind).database() as first, servers(kind).database() as second:
        async with RealServer.running(tmp_path / "data", "--database", first) as server:
            assert (await orca(server, "backup", "--with-keys", str(file)))[0] == 0
            accounts = len(await server.rows("/v2/accounts"))
        (tmp_path / "elsewhere").mkdir(0o700)
        server = RealServer(tmp_path / "elsewhere", "--database", second)
        assert await orca(server, "restore", str(file)) == (0, said(file))
        async with RealServer.running(tmp_path / "elsewhere", "--database", second) as server:
            assert len(await server.rows("/v2/accounts")) == accounts


async def test_what_is_no_backup_changes_nothing(tmp_path):
    wrong = tmp_path / "wrong.tar"
    wrong.write_bytes(b"no tar")
    async with RealServer.running(tmp_path / "data") as server:
        await server.kill()
        before = (server.folder / "orca.db").read_bytes()
        status, text = await orca(server, "restore", str(wrong))
        assert (status, "is not a backup" in text) == (1, True)
        assert (server.folder / "orca.db").read_bytes() == before
        (server.folder / "restoring").touch()
        status, text = await orca(server)
        assert (status, "was cut off" in text) == (1, True)
        (server.folder / "restoring").unlink()


async def test_a_password_on_the_command_line_is_refused(tmp_path):
    server = RealServer(tmp_path / "data", "--database", "postgresql://me:secret@127.0.0.1:1/x")
    status, text = await orca(server)
    assert (status, "secret" in text, "--database-password-file" in text) == (2, False, True)
    (tmp_path / "password").write_text("sec/ret\n")
    url = "postgresql://me@127.0.0.1:1/x"
    server.options = ("--database", url, "--database-password-file", str(tmp_path / "password"))
    status, text = await orca(server)
    assert (status, "sec" in text, "127.0.0.1" in text) == (1, False, True)
    await server.http.aclose()
