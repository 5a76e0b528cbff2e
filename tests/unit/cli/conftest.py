# SPDX-License-Identifier: Apache-2.0
"""A fake server, and the command line pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakeserver import KEYS, FakeServer, Run, running

from orca.cli import root


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running(FakeServer()) as fake:
        yield fake


@pytest.fixture
def orca(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `orca ARGUMENTS...` in an empty folder; returns exit code, standard output, standard error."""
    for name in ("ORCA_CA", "ORCA_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ORCA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ORCA_URL", server.url)
    monkeypatch.setenv("ORCA_ACCESS_KEY", KEYS[0])
    monkeypatch.setenv("ORCA_SECRET_KEY", KEYS[1])
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["orca", *arguments])
        code = 0
        try:
            root.main()
        except SystemExit as exc:
            code = int(exc.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
