# SPDX-License-Identifier: Apache-2.0
"""The private files of the agent."""

import stat
import uuid
from pathlib import Path

import pytest

from orca.agent.errors import AgentError
from orca.agent.identity import Credentials, host_uuid, read_credentials, write_credentials
from orca.agent.paths import Paths


def test_an_identity_is_made_once(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "orca")
    first = host_uuid(paths)
    assert uuid.UUID(first)
    assert host_uuid(paths) == first
    assert stat.S_IMODE(paths.agent.stat().st_mode) == 0o700
    assert stat.S_IMODE(paths.identity.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"uuid": 1}', '{"uuid": "x"}'])
def test_a_damaged_identity_is_not_replaced(tmp_path: Path, content: str) -> None:
    paths = Paths(tmp_path)
    paths.agent.mkdir()
    paths.identity.write_text(content)
    with pytest.raises(AgentError, match="restore or remove it"):
        host_uuid(paths)
    assert paths.identity.read_text() == content


def test_credentials_survive_and_are_not_shown(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    assert read_credentials(paths) is None
    credentials = Credentials("https://s:8080/v1", "key", "secret", "ab")
    write_credentials(paths, credentials)
    assert read_credentials(paths) == credentials
    assert "secret" not in repr(credentials)
    assert list(paths.agent.iterdir()) == [paths.credentials]


def test_damaged_credentials_are_told(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    paths.agent.mkdir()
    paths.credentials.write_text('{"url": "x"}')
    with pytest.raises(AgentError, match="register again"):
        read_credentials(paths)
