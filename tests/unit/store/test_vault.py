# SPDX-License-Identifier: Apache-2.0
"""Secrets that can be read again."""

import stat

import pytest
from cryptography.exceptions import InvalidTag

from orca.store import Vault


def test_sealed_text_opens_with_its_context_alone(tmp_path):
    vault = Vault.open_file(tmp_path / "master.key")
    sealed = vault.seal("geheim", "agent")
    assert "geheim" not in sealed
    assert sealed != vault.seal("geheim", "agent")
    assert Vault.open_file(tmp_path / "master.key").open(sealed, "agent") == "geheim"
    with pytest.raises(InvalidTag):
        vault.open(sealed, "other")
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600
