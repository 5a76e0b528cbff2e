# SPDX-License-Identifier: Apache-2.0
"""The audit log: a row for every change, without secrets, for whoever may see it, never altered."""

from __future__ import annotations

import json

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from .conftest import PASSWORD, Person, made, until


def rows(client, path="/v1/auditlogs", **filters):
    answer = client.get(path, params={"sort": "id", "order": "desc", **filters})
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_every_change_leaves_a_row(admin, person, project_of):
    somebody = person()
    mine = somebody.bearer()
    project = project_of(mine)
    base = f"/v1/projects/{project}"
    stack = made(mine.post(f"{base}/environments", json={"name": "audited", "description": "first"}))
    until(mine, f"{base}/environments/{stack['id']}", lambda shown: shown["state"] == "active")
    mine.put(f"{base}/environments/{stack['id']}", json={"description": "second"})
    mine.get(f"{base}/environments")
    mine.post(f"{base}/environments", json={})
    assert mine.delete(f"{base}/environments/{stack['id']}").status_code == 200
    found = [row for row in rows(mine, f"{base}/auditlogs") if row["resourceType"] == "environment"]
    assert [row["eventType"] for row in found] == [
        "api.environment.delete",
        "api.environment.update",
        "api.environment.create",
    ], "reading, and what was refused, changed nothing"
    for row in found:
        assert (row["resourceId"], row["accountId"]) == (stack["id"], project)
        assert (row["authenticatedAsAccountId"], row["authType"]) == (somebody.id, "TokenAuth")
        assert (row["kind"], row["authenticatedAsIdentityId"]) == ("auditLog", f"1i!rancher_id:{somebody.id}")
        assert (row["clientIp"], row["createdTS"] > 0) == ("127.0.0.1", True)
    assert json.loads(found[1]["requestObject"]) == {"description": "second"}
    assert json.loads(found[1]["responseObject"])["name"] == "audited"
    assert found[2]["responseCode"] == "201"


def test_actions_keys_and_signing_in_are_told_apart(admin, person, server):
    somebody = person()
    server.sign_in(somebody.login)
    somebody.act("deactivate")
    (acted,) = rows(admin, eventType="api.account.deactivate", resourceId=somebody.id)
    assert (acted["authType"], acted["resourceType"]) == ("BasicAuth", "account")
    (signed_in,) = rows(admin, eventType="api.token.create", authenticatedAsAccountId=somebody.id)
    assert signed_in["authType"] == "TokenAccount"
    answer = server.client().post("/v1/token", json={"code": f"{somebody.login}:{PASSWORD}"})
    assert answer.status_code == 401
    assert len(rows(admin, eventType="api.token.create", authenticatedAsAccountId=somebody.id)) == 1


def test_secrets_stay_out(admin, person, server, project_of):
    somebody = person()
    token = server.sign_in(somebody.login).json()["jwt"]
    mine = server.client(headers={"Authorization": f"Bearer {token}"})
    key = made(mine.post("/v1/apikeys", json={"name": "k"}))
    change = {"oldSecret": PASSWORD, "newSecret": "quite another password"}
    project = project_of(mine)
    registration = made(mine.post(f"/v1/projects/{project}/registrationtokens", json={}))
    shown = until(
        mine,
        f"/v1/projects/{project}/registrationtokens/{registration['id']}",
        lambda shown: shown["state"] == "active",
    )
    again = mine.post(f"/v1/projects/{project}/registrationtokens/{registration['id']}?action=deactivate", json={})
    assert again.status_code == 202
    assert mine.post(f"/v1/passwords/{somebody.password}?action=changesecret", json=change).status_code == 200
    signature = shown["token"].rpartition(":")[2]
    with server.engine.connect() as connection:
        text = "".join(str(tuple(row)) for row in connection.exec_driver_sql("SELECT * FROM audit_log"))
    for secret in (PASSWORD, change["newSecret"], token, key["secretValue"], signature, "argon2"):
        assert secret not in text
    assert key["publicValue"] in text, "what is no secret is there"


def test_each_sees_the_rows_of_its_own_account(admin, person, project_of):
    somebody, other = person(), person()
    mine, theirs = somebody.bearer(), other.bearer()
    project = project_of(mine)
    made(mine.post(f"/v1/projects/{project}/environments", json={"name": "private"}))
    (row,) = rows(mine, f"/v1/projects/{project}/auditlogs", resourceType="environment")
    assert rows(theirs, resourceType="environment") == []
    assert theirs.get(f"/v1/auditlogs/{row['id']}").status_code == 404
    assert theirs.get(f"/v1/projects/{project}/auditlogs").status_code == 403
    assert [found["id"] for found in rows(admin, id=row["id"])] == [row["id"]]
    assert rows(admin, accountId=project, eventType_prefix="api.environment.")[0]["id"] == row["id"]


def test_nobody_alters_it(admin, server):
    row = rows(admin)[0]
    path = f"/v1/auditlogs/{row['id']}"
    assert admin.put(path, json={"description": "nothing happened"}).status_code == 405
    assert admin.delete(path).status_code == 405
    assert admin.post("/v1/auditlogs", json={"description": "made up"}).status_code == 405
    assert admin.get(path).json() == row


@pytest.mark.parametrize("value", ["0", "-1", "ten", "", "99999"])
def test_how_long_it_is_kept_is_a_setting(admin, value):
    shown = admin.get("/v1/settings/retention.audit.days").json()
    assert (shown["activeValue"], shown["source"]) == ("365", "Default")
    refused = admin.put("/v1/settings/retention.audit.days", json={"value": value})
    assert (refused.status_code, refused.json()["fieldName"]) == (422, "value")


def test_rows_past_their_time_go(start):
    server = start()
    with server.admin() as admin:
        made(admin.post("/v1/apikeys", json={"name": "old"}))
        with server.engine.connect() as connection:
            older = "UPDATE audit_log SET created = created - 31622400000"
            assert connection.exec_driver_sql(older).rowcount == 1
        made(admin.post("/v1/apikeys", json={"name": "new"}))
        (task,) = admin.get("/v1/tasks", params={"name": "table.cleanup"}).json()["data"]
        assert admin.post(f"/v1/tasks/{task['id']}?action=execute", json={}).status_code in (200, 202)
        left = until(admin, "/v1/auditlogs", lambda shown: "old" not in str(shown))["data"]
        assert any("new" in str(row["requestObject"]) for row in left)


def refusals(admin, credential):
    """The rows of a credential's failed sign-ins."""
    return rows(admin, eventType_like="%.refused", resourceId=credential, limit=1000)


def test_failed_sign_ins_leave_rows_without_secrets(start):
    server = start()
    admin = server.admin()
    somebody = Person(server, admin)
    key = somebody.key()
    (made_key,) = admin.get("/v1/apikeys", params={"accountId": somebody.id}).json()["data"]
    access_key, secret = made_key["publicValue"], key.auth._auth_header
    assert server.sign_in(somebody.login, "the wrong password").status_code == 401
    assert httpx.get(f"{server.url}/v1/hosts", auth=(somebody.login, "another wrong one")).status_code == 401
    assert httpx.get(f"{server.url}/v1/hosts", auth=(access_key, "a wrong secret")).status_code == 401
    assert server.sign_in("nobody of that name", "the password of nobody").status_code == 401
    path = f"/v1/auditlogs?eventType_like=%25.refused&accountId={somebody.id}&sort=id"
    found = until(admin, path, lambda shown: len(shown["data"]) == 3)["data"]
    assert [(row["eventType"], row["authType"]) for row in found] == [
        ("api.password.refused", "TokenAccount"),
        ("api.password.refused", "BasicAuth"),
        ("api.apiKey.refused", "BasicAuth"),
    ]
    assert [row["resourceId"] for row in found] == [somebody.password, somebody.password, made_key["id"]]
    for row in found:
        assert (row["accountId"], row["authenticatedAsAccountId"]) == (somebody.id, None)
        assert (row["clientIp"], row["responseCode"]) == ("127.0.0.1", "401")
    assert key.get("/v1/auditlogs").json()["data"] != [], "who was meant sees them too"
    with server.engine.connect() as connection:
        text = "".join(str(tuple(row)) for row in connection.exec_driver_sql("SELECT * FROM audit_log"))
    for word in ("wrong", "nobody", PASSWORD, secret):
        assert word not in text


def test_throttled_attempts_leave_rows_but_not_without_end(start):
    """Somebody who goes on long enough gets a few more than the free ones."""
    server = start()
    admin = server.admin()
    (login,) = admin.get("/v1/passwords", params={"publicValue": "admin"}).json()["data"]
    found = [server.sign_in("admin", f"guess {number}").status_code for number in range(20)]
    assert found[:6] == [401] * 5 + [429]
    keys = json.loads((server.directory / "admin.json").read_text())
    with server.client(auth=(keys["accessKey"], "guessed")) as wrong:
        assert {wrong.get("/v1/hosts").status_code for _ in range(60)} == {401}
        made(admin.post("/v1/apikeys", json={"name": "written after all of them"}))
        codes = [row["responseCode"] for row in refusals(admin, login["id"])]
        assert codes.count("401") in range(5, 8)
        assert codes.count("429") in range(5, 8)
        (key,) = admin.get("/v1/apikeys", params={"publicValue": keys["accessKey"]}).json()["data"]
        assert len(refusals(admin, key["id"])) in range(5, 10)
        for number in range(80):
            assert wrong.get("/v1/hosts", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code == 401
        made(admin.post("/v1/apikeys", json={"name": "written after these too"}))
        assert len(refusals(admin, key["id"])) in range(50, 60)


def test_a_stream_that_ends_with_its_key_is_no_sign_in(start, project_of):
    server = start()
    admin = server.admin()
    somebody = Person(server, admin)
    key = somebody.key()
    (made_key,) = admin.get("/v1/apikeys", params={"accountId": somebody.id}).json()["data"]
    project = project_of(key)
    url = f"{server.url.replace('http', 'ws')}/v1/projects/{project}/subscribe?eventNames=resource.change"
    with connect(url, additional_headers={"Authorization": key.auth._auth_header}) as stream:
        stream.recv()
        assert admin.post(f"/v1/apikeys/{made_key['id']}?action=deactivate", json={}).status_code == 202
        with pytest.raises(ConnectionClosed):
            while True:
                stream.recv(timeout=20)
    assert server.sign_in("admin", "a later guess").status_code == 401
    path = "/v1/auditlogs?eventType_like=%25.refused"
    (row,) = until(admin, path, lambda shown: shown["data"])["data"]
    assert row["eventType"] == "api.password.refused"


def test_values_of_variables_are_kept_nowhere_but_where_they_are_used(admin, person, project_of, server):
    owner, looker = person(), person()
    members = [{"externalId": owner.id, "role": "owner"}, {"externalId": looker.id, "role": "readonly"}]
    base = f"/v2/projects/{project_of(admin, members=members)}"
    mine, theirs = owner.key(), looker.key()
    value = "a value that is nobody's business"
    variables = {"COLOUR": value}
    compose = f'web: {{image: web, environment: {{COLOUR: "{value}"}}}}'
    container = {
        "imageUuid": "sim:web",
        "environment": variables,
        "command": ["run", f"--password={value.split()[-1]}"],
    }
    paths = [
        f"{base}/containers/{made(mine.post(f'{base}/containers', json={**container, 'startOnCreate': False}))['id']}"
    ]
    stack = made(
        mine.post(f"{base}/environments", json={"name": "own", "dockerCompose": compose, "environment": variables})
    )
    paths.append(f"{base}/environments/{stack['id']}")
    until(mine, paths[-1], lambda shown: shown["state"] == "active" and shown["transitioning"] == "no")
    service = {
        "name": "api",
        "environmentId": stack["id"],
        "launchConfig": {"imageUuid": "sim:web", "environment": variables},
    }
    made(mine.post(f"{base}/services", json=service))
    labelled = {"imageUuid": "sim:web", "startOnCreate": False, "labels": {"db.password": value}}
    made(mine.post(f"{base}/containers", json=labelled))
    (web,) = mine.get(f"{base}/services", params={"name": "web"}).json()["data"]
    paths.append(f"{base}/services/{web['id']}")
    until(mine, paths[-1], lambda shown: shown["state"] == "inactive")
    config = {"imageUuid": "sim:other", "environment": {"COLOUR": value}}
    upgrade = {"inServiceStrategy": {"launchConfig": config}}
    assert mine.post(f"{paths[-1]}?action=upgrade", json=upgrade).status_code == 202
    assert mine.post(f"{paths[1]}?action=exportconfig", json={}).status_code == 200
    with connect(
        f"{server.url.replace('http', 'ws')}{base}/subscribe?eventNames=resource.change",
        additional_headers={"Authorization": theirs.auth._auth_header},
    ) as events:
        assert mine.put(paths[0], json={"description": "changed"}).status_code == 200
        seen = ""
        while "changed" not in seen:
            seen += str(events.recv(timeout=20))
    lists = [f"{base}/{plural}" for plural in ("processexecutions", "services", "containers", "labels")]
    looked = [seen, *(theirs.get(path).text for path in [*paths, *lists])]
    assert value in mine.get(f"{base}/labels").text
    with server.engine.connect() as connection:
        looked.append("".join(str(tuple(row)) for row in connection.exec_driver_sql("SELECT * FROM audit_log")))
    for text in looked:
        assert value not in text
        assert "business" not in text
    assert all("COLOUR" in text for text in (seen, theirs.get(paths[0]).text, theirs.get(paths[2]).text, looked[-1]))
    assert theirs.get(paths[1]).json()["dockerCompose"] == "***"
    for path in paths:
        assert value in mine.get(path).text, "who may change it sees it"
