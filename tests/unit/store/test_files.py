# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from orca.store import files


def test_a_file_that_has_no_room_is_named_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "key"
    files.put(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4, limits[1]))
    try:
        with pytest.raises(OSError, match="key") as raised:
            files.put(path, b"longer than the room")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.filename == str(path)
    assert path.read_bytes() == b"old"
    files.put(path, b"new")
    assert path.read_bytes() == b"new"
