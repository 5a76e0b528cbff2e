# SPDX-License-Identifier: Apache-2.0
"""The wheelhouse of an image, as one archive."""

import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "script"))

from image_build import wheels


def test_an_archive_in_a_checkout_without_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine may have every image already, from another checkout: then nothing has made the cache before."""

    def provide(_root: Path, _cache: Path, _extra: str, target: Path) -> None:
        (target / "project").mkdir(parents=True)
        (target / "project" / "orca.whl").write_text("wheel")

    monkeypatch.setattr(wheels, "provide", provide)
    link = tmp_path / "wheelhouse.tar"
    wheels.archive(ROOT, tmp_path / "cache" / "wheels", "server", link)
    with tarfile.open(link) as archive:
        assert archive.getnames() == ["orca.whl"]
