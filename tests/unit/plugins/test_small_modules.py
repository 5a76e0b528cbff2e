# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules setting and registration_token decide."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest
from ansible_collections.orca.platform.plugins.module_utils._api import ApiError
from ansible_collections.orca.platform.plugins.modules import registration_token, setting


@pytest.mark.parametrize(
    ("wanted", "state", "missing"),
    [
        ({"a": "1"}, "present", {}),
        ({"a": 1}, "present", {}),
        ({"a": True}, "present", {"a": "true"}),
        ({"a": "2", "new": "x"}, "present", {"a": "2", "new": "x"}),
        ({"a": None, "never": None}, "absent", {"a": None}),
        ({"reverted": None}, "absent", {}),
    ],
)
def test_only_what_differs_is_set(wanted, state, missing) -> None:
    have = {"a": {"value": "1"}, "reverted": {"value": None}}
    assert setting.plan(wanted, state, have)[0] == missing


def test_the_fingerprint_is_that_of_the_certificate_not_of_the_file(tmp_path: Path) -> None:
    der = b"any bytes stand for a certificate here"
    pem = tmp_path / "ca.pem"
    pem.write_text(ssl.DER_cert_to_PEM_cert(der).strip())
    assert registration_token.fingerprint(str(pem)) == hashlib.sha256(der).hexdigest()
    assert registration_token.fingerprint(None) == ""
    with pytest.raises(ApiError, match="cannot read the certificate authority"):
        registration_token.fingerprint(str(tmp_path / "nowhere.pem"))


def test_the_authority_is_the_one_that_the_command_names() -> None:
    assert registration_token.pinned(f"docker run -e ORCA_CA_SHA256={'0a' * 32} orca/agent https://a/v1") == "0a" * 32
    assert registration_token.pinned("docker run orca/agent http://a/v1") == ""
