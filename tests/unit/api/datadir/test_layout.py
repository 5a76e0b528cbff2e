# SPDX-License-Identifier: Apache-2.0
"""What counts as lost in a data directory."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from orca.api.datadir import layout as directory
from orca.api.datadir.layout import StartError

PEM = b"-----BEGIN X-----\nabcd\n-----END X-----\n"
WHOLE = {
    "master.key": bytes(32),
    "server-id": f"{uuid.uuid4()}\n".encode(),
    "tls/ca.crt": PEM,
    "tls/ca.key": PEM,
    "token.key": PEM,
    "orca.db": b"SQLite format 3\0" + bytes(100),
}


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A directory in use."""
    for name, content in WHOLE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_a_whole_one_is_left_alone(used: Path) -> None:
    assert not directory.check(used, own_database=True)
    assert not (used / directory.FIRST_START).exists()
    (used / "token.key").unlink()  # made when it is first needed
    assert not directory.check(used, own_database=True)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize(
    ("damage", "content"),
    [("is missing", None), ("is empty", b""), ("is damaged", b"-----BEGIN X"), ("is damaged", b"\0" * 31)],
)
def test_each_loss_is_named_with_its_cure(used: Path, name: str, damage: str, content: bytes | None) -> None:
    (used / name).unlink()
    if content is not None:
        (used / name).write_bytes(content)
    elif name == "token.key":
        return
    with pytest.raises(StartError) as error:
        directory.check(used, own_database=True)
    assert f"{used / name} {damage}" in str(error.value)
    assert ("restore FILE" if name == "orca.db" else "--recover-keys") in str(error.value)


def test_the_database_may_be_elsewhere(used: Path) -> None:
    (used / "orca.db").unlink()
    assert not directory.check(used, own_database=False)


def test_a_first_start_goes_on_until_it_is_done(tmp_path: Path) -> None:
    assert directory.check(tmp_path, own_database=True)
    for name, content in WHOLE.items():
        assert directory.check(tmp_path, own_database=True)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    directory.complete(tmp_path)
    assert not directory.check(tmp_path, own_database=True)
    (tmp_path / "master.key").unlink()
    with pytest.raises(StartError):
        directory.check(tmp_path, own_database=True)
