# SPDX-License-Identifier: Apache-2.0
"""The API as its clients see it."""

import httpx
import pytest


def test_root_lists_the_versions(admin):
    found = admin.get("/")
    assert found.headers["x-api-account-kind"] == "admin"
    answer = found.json()
    assert [version["id"] for version in answer["data"]] == ["v1", "v2"]
    assert answer["links"]["latest"].endswith("/v1")


def test_a_version_links_to_its_collections(tenant):
    links = tenant.get("/v1").json()["links"]
    assert links["containers"].endswith("/v1/containers")
    assert "processInstances" not in links
    assert "launchConfigs" not in links


def test_headers_say_who_asks(tenant, project):
    headers = tenant.get("/v1/schemas").headers
    assert headers["x-api-account-id"] == project
    assert headers["x-api-schemas"].endswith("/v1/schemas")
    assert headers["content-type"] == "application/json; charset=utf-8"


def test_project_urls_keep_the_project(admin, project):
    answer = admin.get(f"/v1/projects/{project}/hosts")
    assert answer.headers["x-api-schemas"].endswith(f"/v1/projects/{project}/schemas")
    assert answer.headers["x-api-user-id"] != project
    assert answer.json()["links"]["self"].endswith(f"/v1/projects/{project}/hosts")


@pytest.mark.parametrize("name", ["environments", "ENVIRONMENTS", "environment"])
def test_path_names_in_any_case_and_number(tenant, name):
    assert tenant.get(f"/v1/{name}").json()["resourceType"] == "environment"


def test_schemas_are_cut_to_the_role(admin, tenant):
    of_tenant = {schema["id"]: schema for schema in tenant.get("/v1/schemas").json()["data"]}
    of_admin = {schema["id"]: schema for schema in admin.get("/v1/schemas").json()["data"]}
    assert "processInstance" in of_admin
    assert "processInstance" not in of_tenant
    assert of_tenant["container"]["collectionMethods"] == ["GET", "POST"]
    assert of_admin["container"]["collectionMethods"] == ["GET"]
    assert "data" not in of_tenant["container"]["resourceFields"]
    assert "data" in of_admin["container"]["resourceFields"]
    assert tenant.get("/v1/schemas/processinstance").status_code == 404
    field = of_tenant["container"]["resourceFields"]["imageUuid"]
    assert (field["create"], field["update"], field["required"]) == (True, False, True)


def test_ours_is_shown_in_v2_alone(tenant):
    v1 = {schema["id"] for schema in tenant.get("/v1/schemas").json()["data"]}
    v2 = {schema["id"]: schema for schema in tenant.get("/v2/schemas").json()["data"]}
    assert "meshLink" not in v1
    assert "meshLink" in v2
    assert "agentIpAddress" in v2["host"]["resourceFields"]
    assert "processInstance" in v2


def test_without_credentials_nothing_but_the_door(server):
    for path in ("/", "/v1", "/v1/hosts", "/v2/openapi.json", "/v1/settings/x", "/v1/projects/1a5/schemas"):
        answer = httpx.get(server.url + path)
        assert answer.status_code == 401
        assert answer.json()["code"] == "Unauthorized"
        assert answer.headers["www-authenticate"].startswith("Basic")
    quiet = httpx.get(f"{server.url}/v1", headers={"X-API-No-Challenge": "true"})
    assert "www-authenticate" not in quiet.headers
    assert httpx.get(f"{server.url}/v1", auth=("no", "body")).status_code == 401
    assert httpx.get(f"{server.url}/ping").text == "pong"


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_nobody_sees_how_to_sign_in_and_no_other_type(server, version):
    """docs/v1.md, section 6.3: role ``token`` has two types."""
    url = f"{server.url}/{version}/schemas"
    answer = httpx.get(url)
    assert (answer.status_code, answer.headers["x-api-account-kind"]) == (200, "token")
    found = {schema["id"]: schema for schema in answer.json()["data"]}
    assert set(found) == {"schema", "token"}
    assert (found["token"]["collectionMethods"], found["token"]["resourceMethods"]) == (["GET", "POST"], ["GET"])
    assert httpx.get(f"{url}/token").json() == found["token"]
    assert httpx.get(f"{url}/container").status_code == 404
    assert httpx.head(url).status_code == 200
    for headers in ({"Authorization": "Basic nothing"}, {"Authorization": "Bearer x"}, {"Cookie": "token=x"}):
        assert httpx.get(url, headers=headers).status_code == 401, headers
    assert httpx.get(url, auth=("no", "body")).status_code == 401
    assert httpx.post(url, json={}).status_code == 401


def test_a_key_is_shown_once_and_ends(server, tenant, wait):
    made = tenant.post("/v1/apikeys", json={"name": "short"})
    assert made.status_code == 201
    key = made.json()
    assert key["state"] == "registering"
    assert len(key["secretValue"]) >= 40
    path = f"/v1/apikeys/{key['id']}"
    shown = wait(tenant, path, lambda row: row["state"] == "active")
    assert shown["secretValue"] is None
    auth = (key["publicValue"], key["secretValue"])
    assert httpx.get(f"{server.url}/v1", auth=auth).status_code == 200
    assert tenant.post(shown["actions"]["deactivate"]).status_code == 202
    wait(tenant, path, lambda row: row["state"] == "inactive")
    assert httpx.get(f"{server.url}/v1", auth=auth).status_code == 401
    assert tenant.delete(path).json()["state"] == "removing"
    assert wait(tenant, path, lambda row: row["state"] == "removed")["removed"] is not None


def test_actions_are_offered_by_state(tenant):
    key = tenant.post("/v1/apikeys", json={}).json()
    refused = tenant.post(f"/v1/apikeys/{key['id']}/?action=purge", json={})
    assert refused.status_code == 422
    assert refused.json()["code"] == "ActionNotAvailable"
    unknown = tenant.post(f"/v1/apikeys/{key['id']}/?action=dance", json={})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "InvalidAction")


def test_unique_names(tenant):
    body = {"name": "Twice"}
    assert tenant.post("/v1/environments", json=body).status_code == 201
    refused = tenant.post("/v1/environments", json={"name": "twice"})
    assert refused.status_code == 422
    assert (refused.json()["code"], refused.json()["fieldName"]) == ("NotUnique", "name")


def test_validation_says_what_is_wrong(tenant):
    for body, code, field in (
        ({}, "MissingRequired", "imageUuid"),
        ({"imageUuid": "docker:x", "networkMode": "carrier pigeon"}, "InvalidOption", "networkMode"),
        ({"imageUuid": "docker:x", "name": "n" * 300}, "MaxLengthExceeded", "name"),
        ({"imageUuid": "docker:x", "memory": "much"}, "InvalidFormat", "memory"),
        ({"imageUuid": "docker:x", "requestedHostId": "1h99999"}, "InvalidReference", "requestedHostId"),
        ({"imageUuid": "docker:x", "environment": ["A=1"]}, "InvalidFormat", "environment"),
        ({"imageUuid": "docker:x", "command": [None]}, "NotNullable", "command"),
        ({"imageUuid": "docker:x", "count": 0}, "MinLimitExceeded", "count"),
    ):
        answer = tenant.post("/v1/containers", json=body)
        assert answer.status_code == 422, body
        assert (answer.json()["code"], answer.json()["fieldName"]) == (code, field)


def test_unknown_fields(tenant):
    lenient = tenant.post("/v1/environments", json={"name": "lenient", "colour": "blue"})
    assert lenient.status_code == 201
    assert lenient.headers["x-orca-ignored-fields"] == "colour"
    strict = tenant.post("/v2/environments", json={"name": "strict", "colour": "blue"})
    assert (strict.status_code, strict.json()["fieldName"]) == (422, "colour")
    asked = tenant.post("/v1/environments", json={"name": "s", "colour": "b"}, headers={"Prefer": "handling=strict"})
    assert asked.status_code == 422


@pytest.mark.parametrize(
    "content", [b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"a":' * 5000, b'{"name": "\\ud800"}', b'{"name": 1e999}']
)
def test_bad_bodies_are_the_callers_fault(tenant, content):
    answer = tenant.post("/v1/environments", content=content)
    assert answer.status_code == 422
    assert answer.json()["type"] == "error"


def test_a_body_has_a_limit(tenant):
    assert tenant.post("/v1/environments", content=b"x" * (5 * 1024 * 1024)).status_code == 413


def test_methods_and_paths_that_do_not_exist(tenant):
    assert tenant.get("/v1/nothing").status_code == 404
    assert tenant.get("/v3/hosts").status_code == 404
    assert tenant.get("/v1/hosts/1h99999").status_code == 404
    assert tenant.get("/v1/hosts/!!").status_code == 404
    assert tenant.post("/v1/hosts", json={}).status_code == 405
    assert tenant.put("/v1/hosts", json={}).status_code == 405
    assert tenant.request("PATCH", "/v1/hosts").status_code == 405


def test_rows_of_another_project_do_not_exist(admin, tenant, wait):
    other = admin.post("/v1/projects", json={"name": "other"}).json()
    wait(admin, f"/v1/projects/{other['id']}", lambda row: row["state"] == "active")
    made = admin.post(f"/v1/projects/{other['id']}/environments", json={"name": "hidden"})
    assert made.status_code == 201
    stack = made.json()["id"]
    assert tenant.get(f"/v1/environments/{stack}").status_code == 404
    assert tenant.get("/v1/environments", params={"name": "hidden"}).json()["data"] == []
    refused = tenant.get(f"/v1/projects/{other['id']}/environments")
    assert (refused.status_code, refused.json()["code"]) == (403, "Forbidden")
    service = {"name": "x", "environmentId": stack, "launchConfig": {"imageUuid": "docker:x"}}
    assert tenant.post("/v1/services", json=service).json()["code"] == "InvalidReference"


def test_lists_filter_sort_and_page(tenant):
    for number in range(5):
        assert tenant.post("/v1/environments", json={"name": f"page{number}"}).status_code == 201
    names = lambda answer: [row["name"] for row in answer["data"]]  # noqa: E731
    query = {"name_prefix": "page", "sort": "name", "order": "desc", "limit": 2}
    first = tenant.get("/v1/environments", params=query).json()
    assert names(first) == ["page4", "page3"]
    assert first["pagination"]["partial"] is True
    second = tenant.get(first["pagination"]["next"]).json()
    assert names(second) == ["page2", "page1"]
    last = tenant.get(second["pagination"]["next"]).json()
    assert names(last) == ["page0"]
    assert last["pagination"]["next"] is None
    assert first["filters"]["name"] == [{"modifier": "prefix", "value": "page"}]
    assert names(tenant.get("/v1/environments", params={"name": "page3"}).json()) == ["page3"]
    assert names(tenant.get("/v1/environments", params={"id": "nonsense"}).json()) == []
    assert tenant.get("/v1/environments", params={"name_like": "%" * 1_000}).status_code == 200
    refused = tenant.get("/v1/environments", params={"name_like": "%" * 1_001})
    assert (refused.status_code, refused.json()["fieldName"]) == (422, "name_like")


def test_links_and_includes(tenant):
    stack = tenant.post("/v1/environments", json={"name": "linked"}).json()
    body = {"name": "one", "environmentId": stack["id"], "launchConfig": {"imageUuid": "docker:x"}}
    made = tenant.post("/v1/services", json=body)
    assert made.status_code == 201, made.text
    services = tenant.get(stack["links"]["services"]).json()
    assert [service["name"] for service in services["data"]] == ["one"]
    assert services["createDefaults"] == {"environmentId": stack["id"]}
    assert tenant.get(made.json()["links"]["environment"]).json()["id"] == stack["id"]
    both = tenant.get("/v1/environments", params={"name": "linked", "include": "services"}).json()["data"][0]
    assert [service["name"] for service in both["services"]] == ["one"]


def test_dates_come_twice(tenant):
    stack = tenant.post("/v1/environments", json={"name": "dated"}).json()
    assert stack["created"].endswith("Z")
    assert isinstance(stack["createdTS"], int)
    keys = list(stack)
    assert keys[:4] == ["id", "type", "links", "actions"]


def test_settings_are_known_by_name(admin, tenant):
    made = admin.post("/v1/settings", json={"name": "agent.image", "value": "somewhere/agent"})
    assert (made.status_code, made.json()["id"]) == (201, "agent.image")
    assert (
        admin.post("/v1/settings", json={"name": "agent.image", "value": "else/agent"}).json()["value"] == "else/agent"
    )
    shown = tenant.get("/v1/settings/agent.image").json()
    assert (shown["type"], shown["baseType"], shown["activeValue"]) == ("activeSetting", "setting", "else/agent")
    assert shown["links"]["self"].endswith("/v1/settings/agent.image")
    assert tenant.get("/v1/activesettings/agent.image").json() == shown
    assert {row["type"] for row in tenant.get("/v1/settings").json()["data"]} == {"activeSetting"}
    assert tenant.put("/v1/settings/agent.image", json={"value": "x"}).status_code == 405
    assert admin.put("/v1/activesettings/agent.image", json={"value": "third/agent"}).json()["value"] == "third/agent"
    assert admin.delete("/v1/settings/agent.image").status_code == 200
    after = admin.get("/v1/settings/agent.image").json()
    assert after["value"] is None
    assert after["activeValue"] is not None


def test_browsers_cannot_be_used_from_elsewhere(tenant, server):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert tenant.post("/v1/environments", json={"name": "forged"}, headers=headers).status_code == 403
    own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert tenant.post("/v1/environments", json={"name": "own"}, headers=own).status_code == 201
    assert tenant.get("/v1/environments?_method=DELETE").status_code == 200


def test_forwarded_headers_count_from_this_machine(tenant):
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "orca.example"}
    assert tenant.get("/v1", headers=headers).json()["links"]["self"] == "https://orca.example/v1"


def test_processes_tell_what_happened(admin, tenant, wait):
    key = tenant.post("/v1/apikeys", json={}).json()
    wait(tenant, f"/v1/apikeys/{key['id']}", lambda row: row["state"] == "active")
    query = {"resourceType": "credential", "resourceId": key["id"], "sort": "startTime"}
    rows = admin.get("/v1/processinstances", params=query).json()["data"]
    assert [(row["processName"], row["phase"], row["result"], row["exitReason"]) for row in rows] == [
        ("credential.create", "DONE", "SUCCESS", "CHAIN"),
        ("credential.activate", "DONE", "SUCCESS", "DONE"),
    ]
    assert [row["resourceId"] for row in tenant.get("/v2/processinstances", params=query).json()["data"]] == [
        key["id"]
    ] * 2


def test_forms_are_bodies_too(tenant):
    made = tenant.post("/v1/environments", data={"name": "form"})
    assert (made.status_code, made.json()["name"]) == (201, "form")
