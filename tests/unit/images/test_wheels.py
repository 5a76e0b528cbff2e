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
    """The engine may have every image already, from another checkout: then nothing has made the cache before.

    The archive serves machines of both Debian releases.
    """

    def provide(_root: Path, _cache: Path, _extra: str, folder: Path, target: wheels.Target) -> None:
        (folder / "project").mkdir(parents=True)
        (folder / "project" / "orca.whl").write_text("wheel")
        (folder / "project" / f"cffi-{target.python}.whl").write_text("wheel")

    monkeypatch.setattr(wheels, "provide", provide)
    link = tmp_path / "wheelhouse.tar"
    wheels.archive(ROOT, tmp_path / "cache" / "wheels", "server", link)
    with tarfile.open(link) as archive:
        assert archive.getnames() == ["cffi-3.11.whl", "cffi-3.13.whl", "orca.whl"]
