# SPDX-License-Identifier: Apache-2.0
"""Which server and key a command uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orca.cli.errors import CommandError, UnreachableError
from orca.cli.target import Target, read_contexts, remember, resolve


def fetched(home: Path) -> None:
    folder = home / "server"
    folder.mkdir(parents=True)
    admin = {"url": "https://a:8080", "accessKey": "ak", "secretKey": "sk", "password": "pw"}
    (folder / "admin.json").write_text(json.dumps(admin))
    (folder / "ca.pem").write_text("")


def test_what_the_role_fetched_is_the_last_resort(tmp_path: Path) -> None:
    env = {"ORCA_HOME": str(tmp_path)}
    with pytest.raises(UnreachableError, match="no server is configured"):
        resolve({}, env)
    fetched(tmp_path)
    assert resolve({}, env) == Target("https://a:8080", "ak", "sk", str(tmp_path / "server" / "ca.pem"))
    remember(tmp_path, "other", Target("https://b:8080", "bk", "bs", project="Team"))
    assert resolve({}, env) == Target("https://b:8080", "bk", "bs", project="Team")


def test_an_address_from_elsewhere_never_gets_a_kept_key(tmp_path: Path) -> None:
    fetched(tmp_path)
    env = {"ORCA_HOME": str(tmp_path), "ORCA_URL": "https://evil:8080/v1/"}
    assert resolve({}, env) == Target("https://evil:8080")
    assert resolve({"url": "https://evil:8080"}, {"ORCA_HOME": str(tmp_path)}).secret_key is None


def test_contexts_are_private_and_must_be_known(tmp_path: Path) -> None:
    env = {"ORCA_HOME": str(tmp_path)}
    remember(tmp_path, "one", Target("https://a:1"))
    remember(tmp_path, "two", Target("https://a:2"))
    assert (tmp_path / "config").stat().st_mode & 0o777 == 0o600
    assert read_contexts(tmp_path)["current"] == "two"
    assert resolve({"context": "one"}, env).url == "https://a:1"
    with pytest.raises(CommandError, match="known: one, two"):
        resolve({"context": "three"}, env)
