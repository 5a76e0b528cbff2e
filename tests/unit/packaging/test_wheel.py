# SPDX-License-Identifier: Apache-2.0
"""The wheel must carry hoststate as real files: a checkout only has a symlink to it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as a release makes it: built out of the source distribution, not out of the checkout."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(out.glob("*.whl"))


def test_wheel_carries_hoststate_and_no_ansible_code(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "orca/hoststate/__init__.py" in names
    assert not [name for name in names if name.startswith(("plugins/", "roles/", "orca/hoststate/orca"))]


def test_hoststate_imports_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    found = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import orca.hoststate; print(orca.hoststate.__file__)",
        ],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert found.stdout.startswith(str(tmp_path))
