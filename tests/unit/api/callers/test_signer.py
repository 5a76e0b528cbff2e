# SPDX-License-Identifier: Apache-2.0
import stat
from pathlib import Path

import jwt
import pytest

from orca.api.callers.signer import BadToken, Signer


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("signer") / "token.key"


@pytest.fixture
def signer(key: Path) -> Signer:
    return Signer(key)


def test_a_token_has_three_parts_and_the_public_key_checks_it(signer: Signer) -> None:
    token = signer.sign({"hostUuid": "u"}, 60)
    claims = jwt.decode(token, signer.public_key(), algorithms=["RS256"])
    assert len(token.split(".")) == 3
    assert claims["hostUuid"] == "u"
    assert claims["exp"] == claims["iat"] + 60
    assert signer.public_key().startswith("-----BEGIN PUBLIC KEY-")


def test_the_key_outlives_the_server_and_is_private(signer: Signer, key: Path) -> None:
    token = signer.sign({}, 60)
    assert Signer(key).check(token)["iss"] == "orca"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_every_token_is_another_one(signer: Signer) -> None:
    assert signer.check(signer.sign({}, 60))["jti"] != signer.check(signer.sign({}, 60))["jti"]


def test_an_expired_token_is_refused(signer: Signer) -> None:
    with pytest.raises(BadToken):
        signer.check(signer.sign({}, -1))


def test_claims_cannot_override_what_the_signer_says(signer: Signer) -> None:
    claims = signer.check(signer.sign({"exp": 1, "iss": "somebody"}, 60))
    assert claims["iss"] == "orca"


def test_foreign_and_changed_tokens_are_refused(signer: Signer, tmp_path: Path) -> None:
    token = signer.sign({"a": 1}, 60)
    head, body, signature = token.split(".")
    other = signer.sign({"a": 2}, 60).split(".")[1]
    unsigned = jwt.encode({"iss": "orca", "iat": 1, "exp": 9999999999, "jti": "x"}, None, algorithm="none")
    for forged in (
        Signer(tmp_path / "other.key").sign({"a": 1}, 60),
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        unsigned,
        "",
        "a.b.c",
        "\x00",
    ):
        with pytest.raises(BadToken):
            signer.check(forged)
