# SPDX-License-Identifier: Apache-2.0
"""docs/v1.md, section 6: credentials, accounts, projects, members, sign-in, identities, preferences, the audit log."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from cattle import ApiError, Client

LOGIN = "x-api-bearer"


@pytest.fixture
def people(superadmin: Any, server: Any) -> Any:
    """Makes accounts with a key; gives the account and its client."""

    def make(kind: str = "user") -> tuple[Any, Client]:
        account = superadmin.wait_success(superadmin.create_account(kind=kind, name="somebody"))
        key = superadmin.wait_success(superadmin.create_api_key(accountId=account.id))
        secret = superadmin.create_api_key(accountId=account.id)
        superadmin.wait_success(secret)
        assert key.secretValue is None, "shown once"
        return account, server.client(secret.publicValue, secret.secretValue)

    return make


def refusal(function: Any, *arguments: Any, **fields: Any) -> Any:
    """What a call is refused with."""
    with pytest.raises(ApiError) as raised:
        function(*arguments, **fields)
    return raised.value.error


def test_a_key_matters_only_where_it_is_right_without_access_control(server):
    for auth in (None, ("no", "key"), ("superadmin", "wrong")):
        answer = requests.get(f"{server.url}/v1/accounts", auth=auth, timeout=20)
        assert answer.headers["X-API-Account-Kind"] == "admin"
    enforced = requests.get(
        f"{server.url}/v1/accounts", auth=("no", "key"), headers={"X-ENFORCE-AUTHENTICATION": "true"}, timeout=20
    )
    assert enforced.status_code == 401
    assert enforced.json()["type"] == "error"
    assert enforced.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_public_values_are_unique_until_removed(superadmin):
    first = superadmin.wait_success(superadmin.create_api_key(publicValue="only-once", secretValue="a long secret"))
    first = superadmin.wait_success(first.deactivate())
    error = refusal(superadmin.create_api_key, publicValue="only-once", secretValue="a long secret")
    assert (error.status, error.code, error.fieldName) == (422, "NotUnique", "publicValue")
    superadmin.wait_success(superadmin.delete(first))
    superadmin.create_api_key(publicValue="only-once", secretValue="a long secret")


def test_projects_have_members_by_their_role(people):
    owner, by_owner = people()
    member, by_member = people()
    _, by_stranger = people()
    members = [{"externalId": owner.id, "externalIdType": "rancher_id", "role": "owner"}]
    project = by_owner.wait_success(by_owner.create_project(name="shared", members=members))
    assert project.state == "active"
    assert by_member.by_id_project(project.id) is None
    # v1 took the number of any account; here the owner of a project is told the uuid (docs/security.md).
    both = [*members, {"externalId": member.uuid, "externalIdType": "rancher_id", "role": "member"}]
    by_owner.by_id_project(project.id).setmembers(members=both)
    seen = by_member.by_id_project(project.id)
    assert not hasattr(seen.actions, "setmembers")
    assert sorted(row.externalId for row in seen.projectMembers() if row.state == "active") == sorted(
        [owner.id, member.id]
    )
    assert refusal(by_member.delete, seen).status == 403
    assert by_stranger.by_id_project(project.id) is None
    error = refusal(by_owner.by_id_project(project.id).setmembers, members=[])
    assert error.status == 422
    by_owner.by_id_project(project.id).setmembers(members=members)
    assert by_member.by_id_project(project.id) is None
    inactive = by_owner.wait_success(by_owner.by_id_project(project.id).deactivate())
    by_owner.delete(inactive)


def test_lists_of_projects_have_no_filters(admin):
    shown = admin.list_project(all=True)
    raw = requests.get(shown.links.self, timeout=20).json()
    assert (raw["filters"], raw["sortLinks"]) == ({}, {})


def test_a_login_gives_a_token_that_dies_with_the_account(superadmin, server, people):
    account, _ = people()
    login = f"login-{account.id}"
    password = superadmin.create_password(accountId=account.id, publicValue=login, secretValue="with: colon and space")
    superadmin.wait_success(password)
    answer = requests.post(f"{server.url}/v1/token", data={"code": f"{login}:with: colon and space"}, timeout=20)
    assert answer.status_code == 201
    token = answer.json()
    identity = token["userIdentity"]
    assert (identity["login"], identity["externalIdType"], identity["externalId"]) == (login, "rancher_id", account.id)
    strict = {"X-ENFORCE-AUTHENTICATION": "true"}

    def status() -> int:
        url = f"{server.url}/v1/projects"
        bearer = requests.get(url, headers=strict | {"Authorization": f"Bearer {token['jwt']}"}, timeout=20)
        basic = requests.get(url, auth=(LOGIN, token["jwt"]), headers=strict, timeout=20)
        assert bearer.status_code == basic.status_code
        return bearer.status_code

    assert status() == 200
    account = superadmin.wait_success(superadmin.by_id_account(account.id).deactivate())
    assert status() == 401
    superadmin.wait_success(account.activate())
    assert status() == 200
    wrong = requests.post(f"{server.url}/v1/token", data={"code": f"{login}:wrong"}, timeout=20)
    assert (wrong.status_code, wrong.json()["type"], wrong.json()["status"]) == (401, "error", 401)


def test_who_signs_in_sees_two_types(closed):
    answer = requests.get(f"{closed.url}/v1/token", timeout=20)
    assert answer.headers["X-API-Account-Kind"] == "token"
    assert answer.json()["data"][0]["type"] == "token"
    schemas = requests.get(f"{closed.url}/v1/schemas", timeout=20)
    assert {schema["id"] for schema in schemas.json()["data"]} == {"schema", "token"}
    for path in ("", "/v1", "/v1/containers"):
        refused = requests.get(f"{closed.url}{path}", timeout=20)
        assert (refused.status_code, refused.json()["type"]) == (401, "error"), path


def test_an_account_has_one_identity(people):
    account, client = people()
    (identity,) = client.list_identity().data
    assert (identity.externalId, identity.externalIdType) == (account.id, "rancher_id")
    assert client.by_id_identity(identity.id).externalId == account.id


def test_preferences_are_unique_per_account(people):
    _, client = people()
    _, other = people()
    kept = client.wait_success(client.create_user_preference(name="colour", value="blue"))
    assert refusal(client.create_user_preference, name="colour", value="red").code == "NotUnique"
    other.create_user_preference(name="colour", value="red")
    assert other.by_id_user_preference(kept.id) is None


def test_changes_are_in_the_audit_log(project):
    stack = project.wait_success(project.create_environment(name="audited-stack"))
    number = stack.id
    (row,) = project.list_audit_log(resourceType="environment", resourceId=number, eventType="api.environment.create")
    assert (row.resourceId, row.accountId) == (number, stack.accountId)
    assert json.loads(row.requestObject)["name"] == "audited-stack"
    project.delete(stack)


# -- with access control -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed_admin(closed: Any) -> Client:
    keys = json.loads((Path(closed.directory) / "admin.json").read_text())
    return closed.client(keys["accessKey"], keys["secretKey"])


def test_a_closed_server_lets_nobody_in(closed):
    for headers in ({}, {"Authorization": f"Basic {base64.b64encode(b'no:key').decode()}"}):
        answer = requests.get(f"{closed.url}/v1", headers=headers, timeout=20)
        assert answer.status_code == 401
        assert "WWW-Authenticate" in answer.headers
    quiet = requests.get(f"{closed.url}/v1", headers={"X-API-No-Challenge": "true"}, timeout=20)
    assert "WWW-Authenticate" not in quiet.headers


def test_a_closed_server_cannot_be_opened(closed_admin):
    config = {"username": "boss", "password": "a long enough password"}
    error = refusal(closed_admin.create_local_auth_config, enabled=False, **config)
    assert (error.status, error.fieldName) == (422, "enabled")
    assert closed_admin.create_local_auth_config(enabled=True, **config).enabled is True


def test_superadmin_is_out_of_reach_on_a_closed_server(closed_admin):
    (account,) = closed_admin.list_account(uuid="superadmin").data
    assert account.state == "inactive"
    assert not hasattr(account.actions, "activate")
    assert refusal(closed_admin.create_api_key, accountId=account.id).status == 403
