# SPDX-License-Identifier: Apache-2.0
"""The walk in docs/api.md: every snippet of it runs, in the order in which it is read, against a real server."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "api.md"
LIMIT = 120  # seconds for all snippets of a language


def snippets(language: str, section: str) -> list[str]:
    """The fenced blocks of a section of the walk."""
    walk = PAGE.read_text().split("\n## A walk from nothing\n", 1)[1].split("\n## ", 1)[0]
    text = walk.split(f"\n### {section}\n", 1)[1].split("\n### ", 1)[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/api.md shows nothing in {section}"
    return found


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server as the page tells to start one, and the two variables that its reader has."""
    folder = tmp_path_factory.mktemp("walk")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    program = [sys.executable, "-c", "from orca.cli import main; main()", "server", "--sim"]
    process = subprocess.Popen([*program, "--data-dir", str(folder / "data"), "--listen", address])
    url, deadline = f"http://{address}", time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended at its start"
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{url}/ping", timeout=5).text == "pong":
                break
        os.sched_yield()
    admin = json.loads((folder / "data" / "admin.json").read_text())
    key = f"{admin['accessKey']}:{admin['secretKey']}"
    auth = (admin["accessKey"], admin["secretKey"])
    project = requests.get(f"{url}/v2/projects?name=Default", auth=auth, timeout=5).json()["data"][0]["links"]["self"]
    tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    known = {name: value for name, value in os.environ.items() if not name.startswith("ORCA_")}
    found = {"URL": url, "KEY": key, "PROJECT": project, "ORCA_HOME": str(folder / "home"), "PATH": tools}
    requests.post(f"{project}/agents", json={"uri": "sim://page"}, auth=auth, timeout=5).raise_for_status()
    while requests.get(f"{project}/hosts?state=active", auth=auth, timeout=5).json()["data"] == []:
        assert time.monotonic() < deadline
    yield {**known, **found}
    process.terminate()
    process.wait(20)


def run(*command: str, env: dict[str, str], folder: Path, text: str | None = None) -> str:
    done = subprocess.run(command, input=text, env=env, cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def shell(env: dict[str, str], folder: Path, section: str) -> str:
    """Run the snippets of a section in one shell that stops at the first error."""
    return run("bash", "-euo", "pipefail", "-c", "\n".join(snippets("sh", section)), env=env, folder=folder)


def test_curl(env: dict[str, str], tmp_path: Path) -> None:
    lines = shell(env, tmp_path, "With curl").splitlines()
    assert lines[0] == f'"{env["URL"]}/v2/hosts"'
    for shown in ('  "logs",', '"running"', '"stopping"', '"web"', '"1h1"', '"removing"'):
        assert shown in lines, lines
    assert '[422,"UnknownField","colour","a container has no field colour"]' in lines
    assert lines[-1].lower() == "x-orca-ignored-fields: colour"


def test_cattle(env: dict[str, str], tmp_path: Path) -> None:
    run(sys.executable, "-", env=env, folder=tmp_path, text="\n".join(snippets("python", "In Python, with cattle")))


def test_orca(env: dict[str, str], tmp_path: Path) -> None:
    out = shell(env, tmp_path, "With orca")
    assert "tide/web" in out


def test_ansible(env: dict[str, str], tmp_path: Path) -> None:
    play = tmp_path / "play.yml"
    play.write_text("\n".join(snippets("yaml", "With Ansible")))
    access, secret = env["KEY"].split(":")
    more = {"ORCA_URL": env["URL"], "ORCA_ACCESS_KEY": access, "ORCA_SECRET_KEY": secret}
    out = run("ansible-playbook", "-i", "localhost,", "-c", "local", str(play), env={**env, **more}, folder=ROOT)
    assert "changed=2" in out
