# SPDX-License-Identifier: Apache-2.0
"""Projects: who is in, as what, what others see of them, and how they end."""

from __future__ import annotations

import httpx
import pytest

from .conftest import made, until


def in_project(project, path):
    return f"/v1/projects/{project}/{path}"


@pytest.fixture
def team(admin, person, project_of):
    """A project with one member of each role; the people by role, and a stranger."""
    people = {role: person() for role in ("owner", "member", "restricted", "readonly", "stranger")}
    members = [{"externalId": each.id, "role": role} for role, each in people.items() if role != "stranger"]
    project = project_of(admin, members=members)
    return project, {role: each.bearer() for role, each in people.items()}, people


def test_everybody_gets_the_role_they_were_given(team):
    project, clients, people = team
    for role in ("owner", "member", "restricted", "readonly"):
        answer = clients[role].get(in_project(project, "schemas"))
        assert answer.headers["x-api-account-id"] == project
        assert answer.headers["x-api-user-id"] == people[role].id
        assert answer.headers["x-api-schemas"].endswith(f"/v1/projects/{project}/schemas")
        types = {schema["id"] for schema in answer.json()["data"]}
        assert ("registrationToken" in types) == (role in ("owner", "member"))
        created = clients[role].post(in_project(project, "environments"), json={"name": f"stack-{role}"})
        assert created.status_code == (405 if role == "readonly" else 201)
        assert project in [row["id"] for row in clients[role].get("/v1/projects").json()["data"]]


@pytest.mark.parametrize("way", ["path", "header", "query"])
def test_a_foreign_project_is_forbidden(team, server, way):
    project, clients, _ = team

    def ask(client, project):
        if way == "path":
            return client.get(in_project(project, "hosts"))
        if way == "header":
            return client.get("/v1/hosts", headers={"X-API-Project-Id": project})
        return client.get("/v1/hosts", params={"projectId": project})

    assert ask(clients["member"], project).headers["x-api-account-id"] == project
    for unknown in (project, "1a999999", "nonsense"):
        assert ask(clients["stranger"], unknown).status_code == 403


def test_rows_of_a_project_do_not_exist_outside(team, admin, person):
    project, clients, _ = team
    stack = made(clients["owner"].post(in_project(project, "environments"), json={"name": "inside"}))
    stranger = clients["stranger"]
    own = stranger.get("/v1/projects").json()["data"][0]["id"]
    for path in (f"/v1/environments/{stack['id']}", in_project(own, f"environments/{stack['id']}")):
        assert stranger.get(path).status_code == 404
        assert stranger.put(path, json={"description": "mine"}).status_code in (404, 405)
        assert stranger.delete(path).status_code in (404, 405)
    assert stranger.get(f"/v1/projects/{project}").status_code == 404
    assert stranger.put(f"/v1/projects/{project}", json={"name": "mine"}).status_code == 404
    assert stranger.delete(f"/v1/projects/{project}").status_code == 404
    assert stranger.get(f"/v1/projects/{project}/projectmembers").status_code == 404


def test_only_owners_change_a_project(team, admin):
    project, clients, people = team
    path = f"/v1/projects/{project}"
    body = {"members": [{"externalId": people["member"].id, "role": "owner"}]}
    for role in ("member", "restricted", "readonly"):
        actions = clients[role].get(path).json()["actions"]
        assert not {"setmembers", "deactivate", "update", "remove"} & set(actions)
        assert clients[role].put(path, json={"name": "mine"}).status_code == 404
        assert clients[role].delete(path).status_code == 403
        assert clients[role].post(f"{path}?action=setmembers", json=body).status_code == 422
        assert clients[role].post(f"{path}?action=deactivate", json={}).status_code == 422
    assert {"setmembers", "deactivate"} <= set(clients["owner"].get(path).json()["actions"])
    changed = clients["owner"].put(path, json={"name": "renamed"})
    assert changed.json()["name"] == "renamed"


def told(client):
    """What somebody tells to be made a member."""
    (own,) = client.get("/v2/identities").json()["data"]
    return own["uuid"]


def test_strangers_are_not_found_by_number(team, admin, person):
    """Account ids count upward: whoever is named by one without having told it looks like nobody."""
    project, clients, people = team
    away, gone = person(), person()
    assert admin.post(f"/v2/accounts/{gone.id}?action=deactivate", json={}).status_code == 202
    until(admin, f"/v2/accounts/{gone.id}", lambda row: row["state"] == "inactive")
    assert admin.delete(f"/v2/accounts/{gone.id}").status_code == 200
    owner = {"externalId": people["owner"].id, "role": "owner"}
    (built_in,) = admin.get("/v2/accounts", params={"uuid": "admin"}).json()["data"]
    unknown = [away.id, away.id[2:], gone.id, built_in["id"], "1a999999", project, people["stranger"].id, "admin"]
    unknown += [away.login, told(away.bearer())[:-1], "00000000-0000-4000-8000-000000000000", "nonsense"]

    def answer(path, unknown_name, body):
        members = [owner, {"externalId": unknown_name, "role": "member"}]
        reply = clients["owner"].post(path, json={**body, "members": members})
        shown = {key: value for key, value in reply.json().items() if key != "id"}
        return reply.status_code, {key: str(value).replace(unknown_name, "NAME") for key, value in shown.items()}

    for path, body in ((f"/v1/projects/{project}?action=setmembers", {}), ("/v2/projects", {"name": "another"})):
        answers = [answer(path, name, body) for name in unknown]
        assert answers[0][0] == 422
        assert all(each == answers[0] for each in answers), answers
        assert "uuid" in answers[0][1]["message"], "what to do instead"
    assert [row["id"] for row in away.bearer().get("/v1/projects").json()["data"]] != [project]


def test_members_and_colleagues_are_named_by_number(team, admin, person, project_of):
    project, clients, people = team
    elsewhere = person()
    project_of(
        admin,
        members=[{"externalId": elsewhere.id, "role": "owner"}, {"externalId": people["owner"].id, "role": "readonly"}],
    )
    id = rows_of(clients["owner"], project)["member"]
    assert clients["owner"].post(f"/v2/projectmembers/{id}?action=deactivate", json={}).status_code == 202
    until(clients["owner"], f"/v2/projectmembers/{id}", lambda row: row["state"] == "inactive")
    ids = [people["owner"].id, people["member"].id, elsewhere.id]
    members = [{"externalId": id, "role": "owner"} for id in ids]
    answer = clients["owner"].post(f"/v2/projects/{project}?action=setmembers", json={"members": members})
    assert answer.status_code == 200, answer.text
    assert clients["member"].get(f"/v2/projects/{project}").status_code == 200
    stranger = [*members, {"externalId": people["stranger"].id, "role": "readonly"}]
    assert admin.post(f"/v2/projects/{project}?action=setmembers", json={"members": stranger}).status_code == 200


def test_members_are_replaced_at_once(team):
    project, clients, people = team
    action = f"/v1/projects/{project}?action=setmembers"
    owner = {"externalId": people["owner"].id, "role": "owner"}
    stranger = {"externalId": told(clients["stranger"]), "role": "member"}
    assert clients["owner"].post(action, json={"members": [owner, stranger]}).status_code == 200
    assert clients["member"].get(f"/v1/projects/{project}").status_code == 404
    assert clients["member"].get(in_project(project, "hosts")).status_code == 403
    assert clients["stranger"].get(in_project(project, "hosts")).status_code == 200
    rows = clients["owner"].get(f"/v1/projects/{project}/projectmembers").json()["data"]
    present = {(row["externalId"], row["role"]) for row in rows if row["state"] == "active"}
    assert present == {(people["owner"].id, "owner"), (people["stranger"].id, "member")}


@pytest.mark.parametrize(
    ("members", "code", "field"),
    [
        (None, None, "members"),
        ([], None, "members"),
        ([{"externalId": "1a999999", "role": "owner"}], "InvalidReference", "externalId"),
        ([{"externalId": "nonsense", "role": "owner"}], "InvalidReference", "externalId"),
        ([{"role": "owner"}], "MissingRequired", "externalId"),
        ([{"externalId": "", "role": "owner"}], "MissingRequired", "externalId"),
        ([{"externalId": "{owner}", "role": "emperor"}], "InvalidOption", "role"),
        ([{"externalId": "{owner}", "role": "member"}], "InvalidOption", "members"),
        ([{"externalId": "{owner}", "role": "owner", "externalIdType": "github_user"}], "InvalidOption", None),
        ([{"externalId": "{owner}", "role": "owner"}, {"externalId": "{owner}", "role": "member"}], "NotUnique", None),
    ],
)
def test_bad_members_change_nothing(team, members, code, field):
    project, clients, people = team
    for member in members or []:
        if "externalId" in member:
            member["externalId"] = member["externalId"].replace("{owner}", people["owner"].id)
    answer = clients["owner"].post(f"/v1/projects/{project}?action=setmembers", json={"members": members})
    assert answer.status_code == 422, answer.text
    assert code in (None, answer.json()["code"])
    assert field in (None, answer.json()["fieldName"])
    rows = clients["owner"].get(f"/v1/projects/{project}/projectmembers").json()["data"]
    assert len([row for row in rows if row["state"] == "active"]) == 4


@pytest.mark.parametrize("ports", [{"startPort": 10, "endPort": 5}, {"endPort": 5}])
def test_a_range_of_ports_ends_after_it_begins(team, ports):
    project, clients, _ = team
    for answer in (
        clients["owner"].post("/v1/projects", json={"name": "backwards", "servicesPortRange": ports}),
        clients["owner"].put(f"/v1/projects/{project}", json={"servicesPortRange": ports}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "MinLimitExceeded")
        assert answer.json()["fieldName"] == "endPort"
    one = {"startPort": 5000, "endPort": 5000}
    changed = clients["owner"].put(f"/v1/projects/{project}", json={"servicesPortRange": one})
    assert changed.json()["servicesPortRange"] == {**one, "type": "servicesPortRange"}


def test_a_deactivated_project_is_for_its_owners(team, admin):
    project, clients, _ = team
    path = f"/v1/projects/{project}"
    assert clients["owner"].post(f"{path}?action=deactivate", json={}).status_code == 202
    until(clients["owner"], path, lambda shown: shown["state"] == "inactive")
    assert clients["member"].get(path).status_code == 404
    assert clients["member"].get(in_project(project, "hosts")).status_code == 403
    assert clients["owner"].get(in_project(project, "hosts")).status_code == 200
    assert clients["owner"].post(f"{path}?action=activate", json={}).status_code == 202
    until(clients["owner"], path, lambda shown: shown["state"] == "active")
    assert clients["member"].get(path).status_code == 200


def test_a_projects_own_key_works_in_it_alone(team, server, admin):
    project, _, _ = team
    key = made(admin.post(in_project(project, "apikeys"), json={}))
    until(admin, in_project(project, f"apikeys/{key['id']}"), lambda shown: shown["state"] == "active")
    own = server.client(auth=(key["publicValue"], key["secretValue"]))
    assert [row["id"] for row in own.get("/v1/projects").json()["data"]] == [project]
    assert own.get(in_project(project, "hosts")).status_code == 200
    (default,) = admin.get("/v1/projects", params={"name": "Default", "all": "true"}).json()["data"]
    assert own.get(in_project(default["id"], "hosts")).status_code == 403
    assert "setmembers" not in own.get(f"/v1/projects/{project}").json()["actions"]


def test_a_project_takes_all_it_has_with_it(admin, person, start, server, project_of):
    owner = person()
    project = project_of(admin, members=[{"externalId": owner.id, "role": "owner"}])
    mine = owner.bearer()
    stack = made(mine.post(in_project(project, "environments"), json={"name": "goes too"}))
    key = made(mine.post(in_project(project, "apikeys"), json={}))
    token = made(mine.post(in_project(project, "registrationtokens"), json={}))
    own = server.client(auth=(key["publicValue"], key["secretValue"]))
    path = f"/v1/projects/{project}"
    assert mine.delete(path).status_code == 200, "an active project is deactivated first"
    until(mine, path, lambda shown: shown["state"] == "removed")
    assert own.get("/v1/hosts").status_code == 401
    assert admin.get(f"/v1/environments/{stack['id']}").json()["state"] == "removed"
    for id in (key["id"], token["id"]):
        assert admin.get(f"/v1/credentials/{id}").json()["state"] == "removed"
    assert project not in [row["id"] for row in mine.get("/v2/projects").json()["data"]]
    assert mine.get(in_project(project, "hosts")).status_code == 403, "nobody works in it any more"
    assert mine.post(f"{path}?action=purge", json={}).status_code == 202
    until(mine, path, lambda shown: shown["state"] == "purged")


def test_a_removed_project_is_its_owners_to_see(team):
    project, clients, _ = team
    path = f"/v1/projects/{project}"
    assert clients["owner"].post(f"{path}?action=deactivate", json={}).status_code == 202
    until(clients["owner"], path, lambda shown: shown["state"] == "inactive")
    assert clients["owner"].delete(path).status_code == 200
    until(clients["owner"], path, lambda shown: shown["state"] == "removed")
    for role in ("member", "restricted", "readonly", "stranger"):
        assert clients[role].get(path).status_code == 404
        assert clients[role].post(f"{path}?action=purge", json={}).status_code == 404


def test_a_login_of_a_project_is_an_administrators_to_give(team, server, admin):
    project, _, _ = team
    secret = "a password of some length"
    body = {"accountId": project, "publicValue": f"{project} robot", "secretValue": secret}
    login = made(admin.post("/v2/passwords", json=body))
    until(admin, f"/v2/passwords/{login['id']}", lambda row: row["state"] == "active")
    bearer = server.sign_in(login["publicValue"], secret).json()["jwt"]
    for pair in ((login["publicValue"], secret), ("X-API-BEARER", bearer)):
        assert httpx.post(f"{server.url}/v1/registrationtokens", json={}, auth=pair).status_code == 201


def test_a_key_gives_no_more_than_its_maker_may(team, server):
    project, clients, _ = team
    for role, status in (("owner", 201), ("member", 201), ("restricted", 404)):
        key = clients[role].post(in_project(project, "apikeys"), json={}).json()
        until(clients["owner"], in_project(project, f"apikeys/{key['id']}"), lambda row: row["state"] == "active")
        pair = (key["publicValue"], key["secretValue"])
        assert httpx.post(f"{server.url}/v1/registrationtokens", json={}, auth=pair).status_code == status
        if role == "restricted":
            further = httpx.post(f"{server.url}/v1/apikeys", json={}, auth=pair).json()
            until(
                clients["owner"], in_project(project, f"apikeys/{further['id']}"), lambda row: row["state"] == "active"
            )
            pair = (further["publicValue"], further["secretValue"])
            assert httpx.get(f"{server.url}/v1/registrationtokens", auth=pair).status_code == 404


def test_a_host_that_registers_ends_no_registration_of_another(team, server):
    project, clients, _ = team
    tokens = in_project(project, "registrationtokens")
    token = made(clients["owner"].post(tokens, json={}))
    token = until(clients["owner"], f"{tokens}/{token['id']}", lambda shown: shown["state"] == "active")["token"]
    host = server.client(auth=("registrationToken", token))
    path = f"/v1/register/{made(host.post('/v1/register', json={'key': 'another-host'}))['id']}"
    until(host, path, lambda shown: shown["state"] == "active")
    assert host.delete(path).status_code == 405
    assert host.get(path).json()["state"] == "active"


def test_everybody_finds_themselves_by_the_link_they_are_given(team, server):
    project, clients, _ = team
    key = clients["owner"].post(in_project(project, "apikeys"), json={}).json()
    until(clients["owner"], in_project(project, f"apikeys/{key['id']}"), lambda row: row["state"] == "active")
    with httpx.Client(auth=(key["publicValue"], key["secretValue"])) as client:
        (own,) = client.get(f"{server.url}/v1/identities").json()["data"]
        assert client.get(own["links"]["self"]).json()["id"] == own["id"]


def rows_of(client, project):
    rows = client.get(f"/v2/projects/{project}/projectmembers").json()["data"]
    return {row["role"]: row["id"] for row in rows if row["removed"] is None}


def routes(project, id):
    yield f"/v2/projectmembers/{id}", {}
    yield f"/v1/projectmembers/{id}", {}
    yield f"/v2/projects/{project}/projectmembers/{id}", {}
    yield f"/v2/projectmembers/{id}", {"X-API-Project-Id": project}


def project_key(client, project, server):
    key = made(client.post(in_project(project, "apikeys"), json={}))
    until(client, in_project(project, f"apikeys/{key['id']}"), lambda row: row["state"] == "active")
    return server.client(auth=(key["publicValue"], key["secretValue"]))


@pytest.mark.parametrize("who", ["member", "restricted", "readonly", "stranger", "key"])
def test_only_owners_end_memberships(team, server, who):
    project, clients, _ = team
    client = project_key(clients["owner"], project, server) if who == "key" else clients[who]
    for id in rows_of(clients["owner"], project).values():
        for path, headers in routes(project, id):
            for action in ("deactivate", "remove", "restore", "activate", "purge", "update", "create"):
                answer = client.post(f"{path}?action={action}", json={}, headers=headers)
                assert answer.status_code in (403, 404, 422), (path, action, answer.text)
            shown = client.get(path, headers=headers)
            assert shown.status_code in (403, 404) or shown.json()["actions"] == {}
    assert len(rows_of(clients["owner"], project)) == 4
    assert clients["owner"].get(f"/v2/projects/{project}").json()["state"] == "active"


def test_owners_end_memberships_and_give_them_back(team):
    project, clients, _ = team
    id = rows_of(clients["owner"], project)["member"]
    path = f"/v2/projectmembers/{id}"
    for headers in ({}, {"X-API-Project-Id": project}):
        assert clients["owner"].post(f"{path}?action=deactivate", json={}, headers=headers).status_code == 202
        assert clients["member"].get(in_project(project, "hosts")).status_code == 403
        until(clients["owner"], path, lambda shown: shown["state"] == "inactive")
        assert clients["owner"].post(f"{path}?action=activate", json={}, headers=headers).status_code == 202
        until(clients["owner"], path, lambda shown: shown["state"] == "active")
        assert clients["member"].get(in_project(project, "hosts")).status_code == 200


def test_an_owner_who_was_demoted_gets_nothing_back(team):
    project, clients, people = team
    before = rows_of(clients["owner"], project)["owner"]
    demoted = [
        {"externalId": people["owner"].id, "role": "member"},
        {"externalId": people["member"].id, "role": "owner"},
    ]
    assert clients["owner"].post(f"/v2/projects/{project}?action=setmembers", json={"members": demoted}).is_success
    for path, headers in routes(project, before):
        for action in ("restore", "activate", "purge", "remove"):
            answer = clients["owner"].post(f"{path}?action={action}", json={}, headers=headers)
            assert answer.status_code in (403, 404, 422), (path, action, answer.text)
    refused = clients["member"].post(f"/v2/projectmembers/{before}?action=restore", json={})
    assert (refused.status_code, refused.json()["code"]) == (422, "ActionNotAvailable")
    assert "setmembers" in refused.json()["message"], "nobody has two roles in a project"


def test_the_last_owner_stays(team, admin):
    project, clients, people = team
    last = rows_of(clients["owner"], project)["owner"]
    for client in (clients["owner"], admin):
        for path, headers in routes(project, last):
            for action in ("deactivate", "remove"):
                answer = client.post(f"{path}?action={action}", json={}, headers=headers)
                assert answer.status_code in (404, 422), (path, action, answer.text)
    shown = clients["owner"].get(f"/v2/projectmembers/{last}").json()
    assert shown["state"] == "active"
    assert not {"deactivate", "remove"} & set(shown["actions"])
    own = f"/v2/accounts/{people['owner'].id}"
    for action in ("deactivate", "remove", "purge"):
        assert clients["owner"].post(f"{own}?action={action}", json={}).status_code == 422
    members = [{"externalId": people[role].id, "role": "owner"} for role in ("owner", "member")]
    assert clients["owner"].post(f"/v2/projects/{project}?action=setmembers", json={"members": members}).is_success
    assert clients["member"].post(f"/v2/projectmembers/{last}?action=deactivate", json={}).status_code == 202
    (other,) = [
        row["id"]
        for row in clients["member"].get(f"/v2/projects/{project}/projectmembers").json()["data"]
        if row["externalId"] == people["member"].id and row["state"] == "active"
    ]
    assert clients["member"].post(f"/v2/projectmembers/{other}?action=deactivate", json={}).status_code == 422


def test_an_owner_who_cannot_sign_in_is_none(team, admin, person):
    project, clients, people = team
    away = person()
    uuid = told(away.bearer())
    assert admin.post(f"/v2/accounts/{away.id}?action=deactivate", json={}).status_code == 202
    members = [{"externalId": uuid, "role": "owner"}, {"externalId": people["owner"].id, "role": "member"}]
    refused = clients["owner"].post(f"/v2/projects/{project}?action=setmembers", json={"members": members})
    assert (refused.status_code, refused.json()["fieldName"]) == (422, "members")


def test_memberships_are_made_by_setmembers_alone(team, admin):
    project, clients, people = team
    body = {"externalId": people["stranger"].id, "role": "owner"}
    for client in (*clients.values(), admin):
        answer = client.post("/v2/projectmembers", json=body)
        assert answer.status_code == 422, answer.text
        assert "setmembers" in answer.json()["message"]
    assert clients["member"].post(f"/v2/projects/{project}/projectmembers", json=body).status_code in (404, 405)
