# SPDX-License-Identifier: Apache-2.0
"""Databases that released versions left behind: the present server takes each over, with all that is in it."""

import contextlib
import subprocess
import tarfile
import uuid
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from realserver import RealServer

RELEASES = Path(__file__).parents[2] / "releases"
KEPT = sorted(RELEASES.glob("*/*.tar.xz"))
AT_REST = ("stopped", "paused_idle_1")
NETWORKS = {
    "managed": "hostOnlyNetwork",
    "host": "dockerHost",
    "none": "dockerNone",
    "bridge": "dockerBridge",
    "container": "dockerContainer",
}
SIGN_IN = {"code": "ann:correct horse battery"}


@contextlib.contextmanager
def taken_over(archive, folder, servers):
    """The server's options for what an archive holds, put where a server of its time had it."""
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    for path in (folder / "keys").iterdir():
        path.rename(folder / path.name)
    (folder / "server-id").write_text(f"{uuid.uuid4()}\n")  # in no backup, and of no weight
    kind = archive.name.partition(".")[0]
    if kind == "sqlite":
        (folder / "database").rename(folder / "orca.db")
        yield []
        return
    with servers(kind).database() as url:
        _load(kind, sa.make_url(url), folder / "database")
        yield ["--database", url]


def _load(kind, url, dump):
    """Fill an empty database from a dump, with the database's own programs."""
    if kind == "postgresql":
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        where = ["--host", url.query["host"], "--username", "orca", "--dbname", url.database]
        subprocess.run(
            [str(programs[-1] / "pg_restore"), "--no-owner", "--exit-on-error", *where, str(dump)], check=True
        )
    else:
        client = ["mariadb", "--no-defaults", "--user=root", f"--socket={url.query['unix_socket']}", url.database]
        # As its server had made it before there were tables.
        collate = "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
        subprocess.run([*client, "-e", collate], check=True)
        with dump.open("rb") as text:
            subprocess.run(client, stdin=text, check=True)


async def names(server, path):
    return sorted(row["name"] for row in await server.rows(path))


@pytest.mark.parametrize("archive", KEPT, ids=[f"{path.parent.name}-{path.name.partition('.')[0]}" for path in KEPT])
async def test_everything_goes_on(archive, tmp_path, servers):
    with taken_over(archive, tmp_path, servers) as options:
        async with RealServer.running(tmp_path, "--sim", *options) as server:
            # The hosts come back, and nothing is started, stopped or replaced by the new version.
            await server.until("hosts", lambda page: {row["agentState"] for row in page["data"]} == {"active"})
            assert await names(server, "environments") == ["edge", "paused", "shop"]
            states = {row["name"]: row["state"] for row in await server.rows("services")}
            assert states.pop("idle") == "inactive"
            assert set(states.values()) == {"active"}
            rows = {row["name"]: row for row in await server.rows("containers")}
            assert rows["stopped"]["state"] == "stopped"
            assert rows["target"]["primaryIpAddress"]
            assert {
                rows[name]["state"] for name in rows if name not in ("stopped", "shop_idle_1", "paused_idle_1")
            } == {"running"}
            # Projects and containers have what they have from their creation on today.
            networks = {row["name"]: row["kind"] for row in await server.rows("networks")}
            assert networks == NETWORKS
            for row in rows.values():
                (root,) = (await server.get(f"containers/{row['id']}/volumes"))["data"]
                assert root["state"] == ("active" if row["state"] == "running" else "inactive")
                ports = (await server.get(f"containers/{row['id']}/ports"))["data"]
                assert len(ports) == len(row["ports"] or [])
                assert all(port["publicIpAddressId"] and port["privateIpAddressId"] for port in ports), ports
            # People still sign in, and what was sealed is still read.
            async with httpx.AsyncClient() as client:
                signed_in = await client.post(f"{server.url}/v2/token", json=SIGN_IN)
                assert signed_in.status_code == 201, signed_in.text
            assert (await server.token())["state"] == "active"
            # It can be worked with: what runs follows a changed scale.
            (web,) = (await server.get("services?name=web"))["data"]
            assert (await server.call("PUT", f"services/{web['id']}", {"scale": 3})).status_code < 300
            path = f"containers?serviceId={web['id']}&state=running"
            await server.until(path, lambda page: len(page["data"]) == 2 * 3, seconds=60)  # each with its sidekick


def test_a_database_of_each_kind_is_kept_for_each_release():
    for folder in (path for path in RELEASES.iterdir() if path.is_dir() and path.name[0].isdigit()):
        assert {path.name for path in folder.glob("*.tar.xz")} == {
            f"{kind}.tar.xz" for kind in ("sqlite", "postgresql", "mariadb")
        }
        assert len(list(folder.glob("orca_platform-*.whl"))) == 1
