# SPDX-License-Identifier: Apache-2.0
"""The end of a key."""

from __future__ import annotations

import pytest

from .conftest import Person, made, until


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_active_key_that_is_deleted_opens_nothing_and_goes(person, version: str) -> None:
    somebody: Person = person()
    mine = somebody.bearer()
    key = made(mine.post(f"/{version}/apikeys", json={"name": "mine"}))
    path = f"/{version}/apikeys/{key['id']}"
    until(mine, path, lambda shown: shown["state"] == "active")
    client = somebody.server.client(auth=(key["publicValue"], key["secretValue"]))
    assert client.delete(path).status_code == 200  # a key may end itself
    assert client.get("/v2").status_code == 401
    until(mine, path, lambda shown: shown["state"] in ("removed", "purged"))
