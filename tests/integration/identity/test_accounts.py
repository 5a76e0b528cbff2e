# SPDX-License-Identifier: Apache-2.0
"""Accounts that come and go, what an administrator cannot become, and identities."""

from __future__ import annotations

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .conftest import PASSWORD, made, until


def test_a_deactivated_account_opens_nothing_until_it_is_activated(server, person):
    somebody = person()
    key, mine = somebody.key(), somebody.bearer()
    somebody.act("deactivate")
    assert key.get("/v1/projects").status_code == 401
    assert mine.get("/v1/projects").status_code == 401
    assert server.sign_in(somebody.login).status_code == 401
    until(somebody.admin, f"/v1/accounts/{somebody.id}", lambda shown: shown["state"] == "inactive")
    somebody.act("activate")
    until(somebody.admin, f"/v1/accounts/{somebody.id}", lambda shown: shown["state"] == "active")
    assert mine.get("/v1/projects").status_code == 200
    assert key.get("/v1/projects").status_code == 200


def test_an_account_takes_its_credentials_and_memberships_with_it(server, admin, person, project_of):
    owner, leaving = person(), person()
    key = leaving.key()
    members = [{"externalId": owner.id, "role": "owner"}, {"externalId": leaving.id, "role": "member"}]
    project = project_of(admin, members=members)
    leaving.act("deactivate")
    until(admin, f"/v1/accounts/{leaving.id}", lambda shown: shown["state"] == "inactive")
    assert admin.delete(f"/v1/accounts/{leaving.id}").status_code == 200
    assert key.get("/v1/projects").status_code == 401
    shown = until(admin, f"/v1/accounts/{leaving.id}", lambda shown: shown["state"] == "removed")
    assert shown["removed"]
    assert admin.get(f"/v1/passwords/{leaving.password}").json()["state"] == "removed"
    left = admin.get(f"/v1/projects/{project}/projectmembers").json()["data"]
    assert [row["externalId"] for row in left if row["state"] == "active"] == [owner.id]
    again = made(admin.post("/v1/passwords", json={"publicValue": leaving.login, "secretValue": PASSWORD}))
    assert again["publicValue"] == leaving.login, "the name is free again"


@pytest.mark.parametrize("kind", ["superadmin", "service", "system", "token"])
def test_an_administrator_gives_nobody_more_than_it_has(admin, person, kind):
    made_so = admin.post("/v1/accounts", json={"name": "climber", "kind": kind})
    assert (made_so.status_code, made_so.json()["fieldName"]) == (422, "kind")
    somebody = person()
    changed = admin.put(f"/v1/accounts/{somebody.id}", json={"kind": kind})
    assert changed.status_code == 422
    assert admin.get(f"/v1/accounts/{somebody.id}").json()["kind"] == "user"
    (built_in,) = admin.get("/v1/accounts", params={"uuid": kind}).json()["data"]
    key = admin.post("/v1/apikeys", json={"accountId": built_in["id"]})
    assert (key.status_code, key.json()["code"]) == (403, "Forbidden")
    body = {"accountId": built_in["id"], "publicValue": f"login-{kind}", "secretValue": PASSWORD}
    assert admin.post("/v1/passwords", json=body).status_code == 403
    assert admin.put(f"/v1/accounts/{built_in['id']}", json={"name": "mine"}).status_code == 403
    assert admin.delete(f"/v1/accounts/{built_in['id']}").status_code == 405


def test_the_last_administrator_stays_one(start):
    server = start()
    admin = server.admin()
    (first,) = admin.get("/v1/accounts", params={"kind": "admin"}).json()["data"]
    path = f"/v1/accounts/{first['id']}"
    assert not {"deactivate", "remove"} & first["actions"].keys()
    refused = admin.post(f"{path}?action=deactivate", json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "ActionNotAvailable")
    assert "last administrator" in refused.json()["message"]
    assert admin.put(path, json={"kind": "user"}).json()["fieldName"] == "kind"
    assert admin.put(path, json={"kind": "admin", "name": "chief"}).status_code == 200
    second = made(admin.post("/v1/accounts", json={"name": "deputy", "kind": "admin"}))
    until(admin, f"/v1/accounts/{second['id']}", lambda shown: shown["state"] == "active")
    shown = until(admin, path, lambda shown: shown["state"] == "active")
    assert "deactivate" in shown["actions"]
    deputy = f"/v1/accounts/{second['id']}"
    assert admin.post(f"{deputy}?action=deactivate", json={}).status_code == 202
    until(admin, deputy, lambda shown: shown["state"] == "inactive")
    assert "deactivate" not in admin.get(path).json()["actions"]
    assert admin.delete(deputy).status_code == 200, "one that does nothing can go"


def test_superadmin_stays_inactive(admin):
    (account,) = admin.get("/v1/accounts", params={"uuid": "superadmin"}).json()["data"]
    assert account["state"] == "inactive"
    assert "activate" not in account["actions"]
    assert admin.post(f"/v1/accounts/{account['id']}?action=activate", json={}).status_code == 422


def test_a_role_may_be_lowered_and_never_raised(admin, person, project_of):
    def types(client, role, path="/v1"):
        answer = client.get(f"{path}/schemas", params={"_role": role})
        return answer.status_code, {schema["id"] for schema in answer.json().get("data", [])}

    assert "processInstance" not in types(admin, "user")[1]
    assert admin.post("/v1/accounts?_role=readAdmin", json={"name": "x"}).status_code == 405
    for role in ("superadmin", "service", "agent", "register", "token"):
        assert types(admin, role)[0] == 403
    mine = person().bearer()
    for role in ("admin", "superadmin", "service"):
        status, seen = types(mine, role)
        assert (status, "processInstance" in seen, "zone" in seen) == (200, False, False)
    project = project_of(admin)
    assert admin.post(f"/v1/projects/{project}/registrationtokens?_role=readonly", json={}).status_code in (404, 405)
    assert types(admin, "superadmin", f"/v1/projects/{project}")[0] == 403


def test_identities_are_those_of_local_accounts(admin, person):
    somebody, other = person(), person()
    mine = somebody.bearer()
    (own,) = mine.get("/v1/identities").json()["data"]
    assert (own["type"], own["login"], own["externalIdType"]) == ("identity", somebody.login, "rancher_id")
    assert own["externalId"] == somebody.id
    assert mine.get(own["links"]["self"]).json()["login"] == somebody.login
    assert admin.get(f"/v1/identities/rancher_id:{other.id}").json()["login"] == other.login
    (found,) = admin.get("/v1/identities", params={"name": other.login}).json()["data"]
    assert found["externalId"] == other.id
    everybody = admin.get("/v1/identities", params={"all": "PERSON"}).json()["data"]
    assert {somebody.login, other.login} <= {identity["login"] for identity in everybody}
    assert admin.get("/v1/identities", params={"name": other.login[:-1] + "%"}).json()["data"] == []
    for unknown in ("rancher_id:1a99999", "github_user:1", "nonsense", "rancher_id:"):
        assert admin.get(f"/v1/identities/{unknown}").status_code == 404


def test_logins_are_known_to_their_owners_and_administrators(admin, person, project_of):
    somebody, other, stranger = person(), person(), person()
    members = [{"externalId": somebody.id, "role": "owner"}, {"externalId": other.id, "role": "readonly"}]
    project = project_of(admin, members=members)
    mine = somebody.bearer()
    for client, path in ((mine, "/v1"), (mine, f"/v1/projects/{project}"), (other.bearer(), "/v2")):
        met = client.get(f"{path}/identities", params={"all": "person"}).json()["data"]
        assert {each["externalId"] for each in met} == {somebody.id, other.id}
        (own,) = [each for each in met if each["login"] is not None]
        assert (own["login"], own["name"]) in {(each.login, each.login) for each in (somebody, other)}
        colleague = other if own["externalId"] == somebody.id else somebody
        shown = client.get(f"{path}/identities/rancher_id:{colleague.id}").json()
        assert (shown["name"], shown["login"], shown.get("uuid")) == (colleague.login, None, None)
        assert client.get(f"{path}/identities/rancher_id:{stranger.id}").status_code == 404
        for name in (stranger.login, colleague.login, "nobody of that name"):
            assert client.get(f"{path}/identities", params={"name": name}).json()["data"] == []


def test_only_administrators_choose_logins(admin, person, project_of):
    somebody, other = person(), person()
    mine = somebody.bearer()
    project = project_of(mine)

    def answer(path, name):
        reply = mine.post(path, json={"publicValue": name, "secretValue": PASSWORD})
        return reply.status_code, {key: value for key, value in reply.json().items() if key != "id"}

    for path in ("/v1/passwords", "/v2/passwords", f"/v2/projects/{project}/passwords"):
        known, free = answer(path, other.login), answer(path, "a name that is free")
        assert known == free
        assert known[0] == 405
    free = {"accountId": somebody.id, "publicValue": "a name that is free", "secretValue": PASSWORD}
    made(admin.post("/v2/passwords", json=free))


def test_preferences_are_ones_own_and_named_once(person):
    somebody, other = person(), person()
    mine, theirs = somebody.bearer(), other.bearer()
    kept = made(mine.post("/v1/userpreferences", json={"name": "theme", "value": "dark"}))
    again = mine.post("/v1/userpreferences", json={"name": "theme", "value": "light"})
    assert (again.status_code, again.json()["code"]) == (422, "NotUnique")
    made(theirs.post("/v1/userpreferences", json={"name": "theme", "value": "light"}))
    assert theirs.get(f"/v1/userpreferences/{kept['id']}").status_code == 404
    assert [row["value"] for row in theirs.get("/v1/userpreferences").json()["data"]] == ["light"]
    changed = mine.put(f"/v1/userpreferences/{kept['id']}", json={"value": "blue"})
    assert changed.json()["value"] == "blue"


@pytest.mark.parametrize("by", ["key", "bearer"])
def test_open_streams_end_with_the_account(server, person, by):
    """Within a second: nobody who was shut out goes on listening."""
    somebody = person()
    client = getattr(somebody, by)()
    project = client.get("/v1/projects").json()["data"]
    project = project[0]["id"] if project else made(client.post("/v1/projects", json={"name": "mine"}))["id"]
    until(client, f"/v1/projects/{project}", lambda shown: shown["state"] == "active")
    headers = {"Authorization": client.build_request("GET", "/").headers.get("authorization", "")}
    if client.auth is not None:
        headers = {"Authorization": client.auth._auth_header}
    url = f"ws{server.url.removeprefix('http')}/v1/projects/{project}/subscribe?eventNames=resource.change"
    with connect(url, additional_headers=headers) as stream:
        stream.recv(timeout=20)
        somebody.act("deactivate")
        with pytest.raises(ConnectionClosed):
            # The stream may tell of the change itself first; a ping comes each five seconds.
            for _ in range(20):
                stream.recv(timeout=2)


def test_only_public_settings_are_for_everybody(admin, person):
    name = "webhook.token"
    assert admin.post("/v1/settings", json={"name": name, "value": "hidden"}).status_code == 201
    try:
        somebody = person().bearer()
        assert somebody.get(f"/v1/settings/{name}").status_code == 404
        names = [row["id"] for row in somebody.get("/v1/settings").json()["data"]]
        assert "api.host" in names
        assert name not in names
        assert somebody.get("/v1/settings/api.host").status_code == 200
        assert admin.get(f"/v1/settings/{name}").json()["value"] == "hidden"
    finally:
        admin.delete(f"/v1/settings/{name}")


def test_null_for_what_every_row_has_is_as_good_as_nothing(admin):
    """Clients that send every field of the schema send null for those that they do not choose."""
    for path, kind in (("accounts", "user"), ("projects", "project")):
        shown = made(admin.post(f"/v1/{path}", json={"name": "of nulls", "uuid": None, "kind": None}))
        assert (shown["kind"], bool(shown["uuid"])) == (kind, True)
    assert made(admin.post("/v2/apikeys", json={"accountId": None}))["accountId"]
