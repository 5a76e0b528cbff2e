# SPDX-License-Identifier: Apache-2.0
"""What the audit log keeps of a request."""

from __future__ import annotations

import json

import pytest

from orca.provision.audit import MOST, kept, stored_id, without_secrets


@pytest.mark.parametrize(
    "given",
    [
        {"secretValue": "S"},
        {"code": "admin:S"},
        {"jwt": "S", "type": "token"},
        {"launchConfig": {"environment": {"DB_PASSWORD": "S", "API_TOKEN": "S"}}},
        {"amazonec2Config": {"accessKey": "S", "secretKey": "S", "sessionToken": "S"}},
        {"type": "certificate", "key": "S", "keyPassword": "S"},
        {"data": [{"oldSecret": "S", "newSecret": "S"}]},
        {"type": "registrationToken", "command": "run S", "registrationUrl": "https://x/S", "token": "S"},
        {"type": "registrationToken", "links": {"registrationUrl": "https://x/S"}},
    ],
)
def test_secrets_are_taken_out_wherever_they_are(given: dict[str, object]) -> None:
    text = kept("container", given)
    assert text is not None
    assert "S" not in json.dumps(list(walk(json.loads(text))))


def walk(value: object) -> list[object]:
    """The values inside, without the names."""
    if isinstance(value, dict):
        return [found for item in value.values() for found in walk(item)]
    return [found for item in value for found in walk(item)] if isinstance(value, list) else [value]


def test_the_rest_is_kept() -> None:
    given = {
        "name": "web",
        "command": ["run", "it"],
        "labels": {"colour": "red"},
        "tokenPeriod": 5,
        "secret": None,
    }
    assert without_secrets(given, "container") == given


def test_of_variables_and_files_the_names_are_kept() -> None:
    given = {"environment": {"COLOUR": "S"}, "variables": {"TAG": "S", "NONE": None}, "files": {"a.yml": "S"}}
    assert without_secrets({"launchConfig": given}) == {
        "launchConfig": {
            "environment": {"COLOUR": "***"},
            "variables": {"TAG": "***", "NONE": "***"},
            "files": {"a.yml": "***"},
        }
    }


def test_what_is_large_is_named_by_its_size() -> None:
    text = kept("environment", {"dockerCompose": "x" * (MOST + 1)})
    assert text is not None
    assert json.loads(text)["size"] > MOST
    assert kept("environment", None) is None


@pytest.mark.parametrize(
    ("given", "stored"), [("1i5", "5"), ("5", "5"), ("api.host", "api.host"), ("x" * 300, "x" * 255)]
)
def test_ids_are_found_in_either_form(given: str, stored: str) -> None:
    assert stored_id(given) == stored
