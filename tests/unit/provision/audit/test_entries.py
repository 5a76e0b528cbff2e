# SPDX-License-Identifier: Apache-2.0
"""What the audit log keeps of a request."""

from __future__ import annotations

import json

import pytest

from orca.provision.audit.entries import MOST, READ, kept, stored_id
from orca.provision.audit.masking import without_secrets


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
        {"environment": {"COLOUR": "S"}},
        {"dockerCompose": "web: {environment: {COLOUR: S}}", "rancherCompose": "S", "previousEnvironment": {"A": "S"}},
        {"secondaryLaunchConfigs": [{"environment": {"COLOUR": "S"}}]},
        {"inServiceStrategy": {"previousLaunchConfig": {"environment": {"COLOUR": "S"}}}},
        {"dockerInspect": {"Config": {"Env": ["COLOUR=S", "S"]}}},
        {"driverOpts": {"o": "username=u,password=S"}},
        {"command": ["run", "--password=S", "--api-key", "S", "postgres://user:S@db/x?token=S"]},
        {"entryPoint": ["sh", "-c", "db_password=S run"]},
        {"labels": {"app.token": "S", "url": "https://me:S@host/"}},
        {"name": "github.secret", "value": "S", "activeValue": "S"},
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
            "variables": {"TAG": "***", "NONE": None},
            "files": {"a.yml": "***"},
        }
    }


def test_what_is_large_is_named_by_its_size() -> None:
    for value in ("x" * (MOST + 1), "x" * (READ + 1)):
        text = kept("environment", {"description": value})
        assert text is not None
        assert json.loads(text)["size"] > len(value)
    assert kept("environment", {"dockerCompose": "x" * (MOST + 1)}) == '{"dockerCompose":"***"}'
    assert kept("environment", None) is None


def test_the_name_of_a_setting_says_whether_it_is_a_secret() -> None:
    assert kept("setting", {"value": "S"}, "ldap.password") == '{"value":"***"}'
    assert kept("setting", {"value": "on"}, "api.colour") == '{"value":"on"}'


@pytest.mark.parametrize(
    "given",
    [
        {"imageUuid": "docker:vault-token:1.2"},
        {"links": {"environment": "https://host/v1/tokens"}},
        {"command": ["sleep", "10", "--port", "80"]},
        {"environment": None, "labels": {"a": "b=c"}},
    ],
)
def test_what_is_none_stays_readable(given: dict[str, object]) -> None:
    assert without_secrets(given) == given


@pytest.mark.parametrize(
    ("given", "stored"), [("1i5", "5"), ("5", "5"), ("api.host", "api.host"), ("x" * 300, "x" * 255)]
)
def test_ids_are_found_in_either_form(given: str, stored: str) -> None:
    assert stored_id(given) == stored
