# SPDX-License-Identifier: Apache-2.0
"""The pages as printed: what of them is shell, Python or a play runs against a real server, in order, and twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pages
import pytest
from pages import ROOT, Block
from server_process import Server

LIMIT = 300  # seconds for one page; nothing waits for them, they end what would never end
RUNNABLE = [page for page in pages.PAGES if any(block.language in pages.RUN for block in pages.blocks(page))]
MARK = "-- block --"
PLAY = """cat > play.yml <<'THE_PLAY'
{text}
THE_PLAY
ansible-playbook -i localhost, -c local play.yml
"""
PYTHON = """python - <<'THE_SNIPPET'
{text}
THE_SNIPPET
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What somebody's shell has who started a server as docs/api.md says: where its data lies, and nothing of it."""
    folder = tmp_path_factory.mktemp("pages")
    server = Server(folder / "data", "on", "--sim")
    known = {name: value for name, value in os.environ.items() if not name.startswith("ORCA_")}
    yield {
        **known,
        "DIR": str(server.directory),
        "ORCA_HOME": str(folder / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
    }
    server.stop()


def script(blocks: list[Block]) -> str:
    """One shell that does what a reader does with the blocks of a page."""
    frames = {"sh": "{text}", "python": PYTHON, "yaml": PLAY}
    parts = [f"echo '{MARK}{block.section}'\n{frames[block.language].format(text=block.text)}" for block in blocks]
    return "\n".join(parts)


def run(page: str, env: dict[str, str], folder: Path) -> dict[str, list[str]]:
    """Run a page; the lines that its sections wrote."""
    text = script([block for block in pages.blocks(page) if block.language in pages.RUN])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text], env=env, cwd=folder, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, f"{page}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    written: dict[str, list[str]] = {}
    for part in done.stdout.split(MARK)[1:]:
        section, *lines = part.splitlines()
        written.setdefault(section, []).extend(lines)
    return written


@pytest.mark.parametrize("page", RUNNABLE)
def test_a_page_runs_as_printed_and_again(page: str, env: dict[str, str], tmp_path: Path) -> None:
    for _ in range(2):
        written = run(page, env, tmp_path)
        if page == "docs/api.md":
            check_walk(written, json.loads((Path(env["DIR"]) / "admin.json").read_text())["url"])


def check_walk(written: dict[str, list[str]], url: str) -> None:
    """The answers of docs/api.md are those that the page promises."""
    lines = written["With curl"]
    assert lines[0] == f'"{url}/v2/hosts"'
    for shown in ('  "logs",', '"running"', '"stopping"', '"web"', '"removing"'):
        assert shown in lines, lines
    assert '[422,"UnknownField","colour","a container has no field colour"]' in lines
    assert lines[-1].lower() == "x-orca-ignored-fields: colour"
    assert any("tide/web" in line for line in written["With orca"])
    assert any("changed=2" in line for line in written["With Ansible"])
    assert written["Plan and apply"][0] == '{"variables":["TAG"]}'
