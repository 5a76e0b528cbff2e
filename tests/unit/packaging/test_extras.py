# SPDX-License-Identifier: Apache-2.0
"""Without an extra a program says which one to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def run(program: str, missing: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter that does not find a library."""
    text = f"import sys; sys.modules[{missing!r}] = None; from {program} import main; main()"
    return subprocess.run([sys.executable, "-c", text, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("program", "missing", "arguments", "extra"),
    [
        ("orca.cli", "click", ["server", "--help"], "server"),
        ("orca.cli", "click", ["--help"], "cli"),
        ("orca.cli", "click", ["ps"], "cli"),
        ("orca.cli", "httpx", ["ps"], "cli"),
        ("orca.cli", "sqlalchemy", ["server", "--data-dir", "DIR"], "server"),
        ("orca.cli", "uvicorn", ["server", "--data-dir", "DIR"], "server"),
        ("orca.cli", "sqlalchemy", ["server", "--data-dir", "DIR", "backup", "FILE"], "server"),
        ("orca.agent", "websockets", [], "agent"),
        ("orca.agent", "vici", [], "agent"),
    ],
)
def test_the_extra_is_named(
    program: str, missing: str, arguments: list[str], extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [str(tmp_path / "data") if each == "DIR" else each for each in arguments]
    monkeypatch.setenv("ORCA_URL", "http://127.0.0.1:1")
    ended = run(program, missing, *arguments)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.count("\n") == 1, ended.stderr
    assert f"needs {missing}" in ended.stderr
    assert f"pip install 'orca-platform[{extra}]'" in ended.stderr


def test_a_module_of_ours_that_lacks_is_a_defect() -> None:
    ended = run("orca.cli", "orca.cli.root", "ps")
    assert "Traceback" in ended.stderr
