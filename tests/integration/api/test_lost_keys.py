# SPDX-License-Identifier: Apache-2.0
"""A server whose keys or database are lost does not start as another one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ORCA = [sys.executable, "-c", "from orca.cli import main; main()"]
HOST = "0b0c2b8e-7a53-5f0e-9d53-3c2b7f0f7a01"


def orca(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `orca server` where it ends soon."""
    command = [*ORCA, "server", "--data-dir", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def sealed(url: str, admin: tuple[str, str]) -> None:
    """Have the server seal something of each kind that is easily had."""
    with httpx.Client(base_url=url, auth=admin, timeout=60) as client:
        (project,) = client.get("/v2/projects?name=Default").json()["data"]
        path = f"/v2/projects/{project['id']}"
        registered(client, path)
        registry = client.post(f"{path}/registries", json={"serverAddress": "registry.example"}).json()
        given = {
            "registryId": registry["id"],
            "publicValue": "me",
            "secretValue": "secret",
            "name": "mine",
            "email": "a@b",
        }
        answer = client.post(f"{path}/registrycredentials", json=given)
        assert answer.status_code == 201, answer.text


def until(look: Callable[[], Any]) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + 10
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.01)
    return found


def registered(client: httpx.Client, project: str) -> None:
    """Register a host with a new token, until it is shown its keys."""
    answer = client.post(f"{project}/registrationtokens", json={})
    assert answer.status_code == 201, answer.text
    token = until(lambda: client.get(answer.json()["links"]["self"]).json()["token"])
    auth = ("registrationToken", token)
    answer = client.post("/v1/register", json={"key": HOST}, auth=auth)
    assert answer.status_code == 201, answer.text

    def keys() -> bool:
        (row,) = client.get("/v1/register", params={"key": HOST}, auth=auth).json()["data"]
        return bool(row["accessKey"] and row["secretKey"])

    until(keys)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, processes: Callable[..., Any]) -> Path:
    """The directory of a server that was in use, and was stopped."""
    directory = tmp_path_factory.mktemp("used") / "data"
    running = processes(directory)
    running.start(loopback_only=True)
    sealed(running.url, running.admin())
    assert running.stop() == 0
    return directory


@pytest.fixture
def directory(used: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it."""
    copy = tmp_path / "data"
    shutil.copytree(used, copy)
    yield copy


@pytest.mark.parametrize(
    ("name", "damage"),
    [("master.key", "is missing"), ("tls/ca.crt", "is damaged"), ("server-id", "is empty"), ("orca.db", "is empty")],
)
def test_the_file_and_the_cure_are_named(directory: Path, name: str, damage: str) -> None:
    path = directory / name
    content = path.read_bytes()
    path.unlink()
    if damage != "is missing":
        path.write_bytes(b"" if damage == "is empty" else b"-----BEGIN x" + content[:16])
    before = sorted(each.name for each in directory.rglob("*"))
    ended = orca(directory)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert f"{path} {damage}" in ended.stderr
    assert ("restore FILE" if name == "orca.db" else "--recover-keys") in ended.stderr
    assert sorted(each.name for each in directory.rglob("*")) == before


def test_an_empty_token_key(directory: Path) -> None:
    (directory / "token.key").touch()
    ended = orca(directory)
    assert (ended.returncode, "token.key is empty" in ended.stderr) == (1, True), ended.stderr


def test_a_database_with_a_damaged_page(directory: Path) -> None:
    for name in ("orca.db-wal", "orca.db-shm"):
        (directory / name).unlink(missing_ok=True)
    content = bytearray((directory / "orca.db").read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    (directory / "orca.db").write_bytes(content)
    ended = orca(directory)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert "damaged" in ended.stderr
    assert "restore a backup" in ended.stderr


def test_the_key_of_another_server(directory: Path, tmp_path: Path) -> None:
    (directory / "master.key").write_bytes(bytes(range(32)))
    ended = orca(directory)
    assert ended.returncode == 1
    assert "not the key that this database was sealed with" in ended.stderr
    assert "--recover-keys" in ended.stderr


def test_a_server_that_lost_its_key_goes_on(directory: Path, process: Callable[..., Any]) -> None:
    (directory / "master.key").unlink()
    ended = orca(directory, "--recover-keys")
    assert ended.returncode == 0, ended.stderr
    for told in ("master.key was missing", "registrationToken 1c", "registryCredential 1c", "Default: its mesh"):
        assert told in ended.stdout, ended.stdout
    again = orca(directory, "--recover-keys")
    assert (again.returncode, again.stdout) == (0, "nothing is lost\n")

    running = process(directory)
    running.start(loopback_only=True)
    with httpx.Client(base_url=running.url, auth=running.admin(), timeout=60) as client:
        (project,) = client.get("/v2/projects?name=Default").json()["data"]
        path = f"/v2/projects/{project['id']}"
        assert client.get(f"{path}/registrationtokens").json()["data"] == []
        registered(client, path)
        (credential,) = client.get(f"{path}/registrycredentials?name=mine").json()["data"]
        answer = client.put(credential["links"]["self"], json={"secretValue": "again"})
        assert answer.status_code == 200, answer.text
    assert running.stop() == 0


@pytest.mark.parametrize("name", ["server-id", "tls/ca.key"])
def test_the_others_are_made_again_when_asked_for(directory: Path, name: str, process: Callable[..., Any]) -> None:
    (directory / name).write_bytes(b"")
    ended = orca(directory, "--recover-keys")
    assert ended.returncode == 0, ended.stderr
    assert f"{name} was empty: made again" in ended.stdout
    assert ("register every host again" in ended.stdout) == name.startswith("tls/")
    running = process(directory)
    running.start()
    assert running.stop() == 0


def test_a_running_server_is_not_recovered(directory: Path, process: Callable[..., Any]) -> None:
    running = process(directory)
    running.start(loopback_only=True)
    ended = orca(directory, "--recover-keys")
    assert (ended.returncode, "another server runs on" in ended.stderr) == (1, True)
    assert running.stop() == 0


@pytest.mark.parametrize("call", (1, 5, 9, 13, 17, 20))
def test_a_first_start_that_is_cut_off_is_done_again(tmp_path: Path, call: int, process: Callable[..., Any]) -> None:
    """Killed after each file that it writes, until it writes no more."""
    directory = tmp_path / "data"
    before = (
        f"import os; left = [{call}]; real = os.fsync\n"
        "def fsync(descriptor):\n"
        "    real(descriptor)\n"
        "    left[0] -= 1\n"
        "    left[0] or os.kill(os.getpid(), 9)\n"
        "os.fsync = fsync\n"
    )
    command = [
        sys.executable,
        "-c",
        before + "from orca.cli import main; main()",
        "server",
        "--data-dir",
        str(directory),
    ]
    port = process(directory).http_port
    cut = subprocess.run([*command, "--listen", f"127.0.0.1:{port}"], capture_output=True, timeout=60, check=False)
    assert cut.returncode == -9, cut.stderr
    running = process(directory)
    running.start(loopback_only=True)
    assert httpx.get(f"{running.url}/v2/projects", auth=running.admin()).json()["data"][0]["name"] == "Default"
    assert running.stop() == 0
    assert not (directory / "first-start").exists()


@pytest.mark.parametrize("command", [["--listen", "127.0.0.1:0"], ["backup", "{file}/x"], ["restore", "{file}"]])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, command: list[str]) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    ended = orca(file / "data", *(word.format(file=file) for word in command))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert str(file) in ended.stderr


def test_what_is_no_backup_is_refused_in_one_line(directory: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a backup")
    ended = orca(directory, "restore", str(file))
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
    assert f"{file} is not a backup" in ended.stderr
