# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of each role is valid, and says what the role may do."""

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from orca.api import openapi
from orca.resources.views import VERSIONS, view


def document(role, version):
    return msgspec.json.decode(
        msgspec.json.encode(openapi.show(view(role, version), f"https://orca.example/{version}"))
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("role", ["project", "register"])
def test_it_is_valid(role, version):
    assert [str(error) for error in OpenAPIV31SpecValidator(document(role, version)).iter_errors()] == []


def test_what_the_role_may_do():
    tenant, reader = document("project", "v1")["paths"], document("readonly", "v1")["paths"]
    assert set(tenant["/containers"]) == {"get", "post"}
    assert set(reader["/containers"]) == {"get"}
    assert set(tenant["/containers/{id}"]) == {"parameters", "get", "put", "delete", "post"}
    actions = tenant["/containers/{id}"]["post"]["parameters"][0]["schema"]["enum"]
    assert {"start", "stop", "execute"} <= set(actions)
    assert "/processinstances" not in tenant
    assert "/processinstances" in document("project", "v2")["paths"]


def test_operations_have_names_of_their_own():
    paths = document("superadmin", "v2")["paths"]
    names = [each["operationId"] for path in paths.values() for each in path.values() if isinstance(each, dict)]
    assert len(names) == len(set(names))


def test_fields_tell_type_limits_and_what_is_required():
    schemas = document("project", "v2")["components"]["schemas"]
    container = schemas["containerCreate"]
    assert container["required"] == ["imageUuid"]
    assert container["properties"]["networkMode"]["anyOf"][0]["enum"][:2] == ["none", "bridge"]
    assert {"type": "null"} in container["properties"]["networkMode"]["anyOf"]
    assert schemas["container"]["properties"]["created"]["format"] == "date-time"
    assert "secretValue" in schemas["apiKey"]["properties"]
