# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of each role is valid, and says what the role may do."""

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from orca.api import openapi
from orca.resources.image_names import IMAGE_UUID
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


def test_only_v2_refuses_what_nobody_knows():
    strict, forgiving = (document("project", version)["components"]["schemas"] for version in ("v2", "v1"))
    for schemas in (strict, forgiving):
        bodies = [schemas[name] for name in ("containerCreate", "hostUpdate", "containerExecInput")]
        assert {each.get("additionalProperties", True) for each in bodies} == {schemas is forgiving}
    shown = strict["containerCreate"]["properties"]
    assert shown["id"] == shown["links"] == shown["state"] == {"readOnly": True}


def test_what_is_required_is_neither_null_nor_empty():
    seen = document("project", "v2")
    schemas = seen["components"]["schemas"]
    assert schemas["certificateCreate"]["properties"]["name"]["minLength"] == 1
    for_admins = document("admin", "v2")["components"]["schemas"]
    assert for_admins["passwordCreate"]["properties"]["secretValue"]["minLength"] == 12
    assert schemas["containerCreate"]["properties"]["imageUuid"]["pattern"] == f"^({IMAGE_UUID})$"
    assert schemas["rackspaceConfigInput"]["required"] == ["apiKey", "username"]
    bodies = {path: seen["paths"][path]["post"]["requestBody"]["required"] for path in ("/containers", "/apikeys")}
    assert bodies == {"/containers": True, "/apikeys": False}


def test_an_included_link_takes_the_place_of_a_field_of_its_name():
    links = document("project", "v2")["components"]["schemas"]["container"]["properties"]["instanceLinks"]
    assert links["anyOf"][1]["anyOf"][0]["type"] == "array"


def test_a_list_says_how_it_is_asked():
    paths = document("project", "v2")["paths"]
    parameters = {each["name"]: each["schema"] for each in paths["/containers"]["get"]["parameters"]}
    assert "name_like" in parameters["filter"]["properties"]
    assert parameters["marker"]["pattern"] == "^m([0-9]{1,10})$"
    assert set(parameters["order"]["enum"]) == {"asc", "desc"}
    assert paths["/identities"]["get"]["parameters"] == []
