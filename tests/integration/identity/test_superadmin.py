# SPDX-License-Identifier: Apache-2.0
"""superadmin: nobody on a closed server, until somebody on its machine asks for a key of it."""

from __future__ import annotations

import json
import subprocess

import httpx
import pytest

from .conftest import COMMAND, made, until

SIMULATED = {"uri": "sim://told-by-superadmin"}


def superadmin_key(directory, *options):
    """The command, as somebody on the machine runs it."""
    command = [*COMMAND, "--data-dir", str(directory), *options, "superadmin-key"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def key_of(server):
    """A new key: access key, secret key."""
    done = superadmin_key(server.directory, "--database", server.database)
    assert (done.returncode, done.stderr) == (0, "")
    key = json.loads(done.stdout)
    assert key.keys() == {"accessKey", "secretKey"}
    return key["accessKey"], key["secretKey"]


def denied_to_administrators(admin):
    """What makes an administrator more than one, tried."""
    account = admin.get("/v1/accounts", params={"uuid": "superadmin"}).json()["data"][0]
    path = f"/v1/accounts/{account['id']}"
    assert not {"activate", "deactivate", "remove"} & account["actions"].keys()
    for action in ("activate", "deactivate", "remove"):
        assert admin.post(f"{path}?action={action}", json={}).status_code == 422, action
    assert admin.put(path, json={"kind": "admin"}).status_code == 403
    chosen = {"publicValue": "superadmin", "secretValue": "superadmin-secret"}
    for kind, body in (("apikeys", {}), ("apikeys", chosen), ("passwords", chosen)):
        assert admin.post(f"/v1/{kind}", json={"accountId": account["id"], **body}).status_code == 403, kind
    for role in ("superadmin", "service"):
        assert admin.get("/v1/accounts", params={"_role": role}).status_code == 403, role
    assert admin.get("/v1/zones").status_code == 404
    assert admin.post("/v1/accounts", json={"kind": "superadmin"}).status_code == 422
    assert admin.post("/v1/agents", json=SIMULATED).status_code in (403, 405)
    return account


def test_a_key_from_the_machine_is_superadmins(start):
    server = start()
    admin = server.admin()
    assert denied_to_administrators(admin)["state"] == "inactive"
    key = key_of(server)
    with httpx.Client(base_url=server.url, auth=key, timeout=20) as superadmin:
        shown = superadmin.get("/v1/schemas")
        assert shown.headers["x-api-account-kind"] == "superadmin"
        assert {"zone", "genericObject"} <= {schema["id"] for schema in shown.json()["data"]}
        project = superadmin.get("/v1/projects", params={"all": "true"}).json()["data"][0]["id"]
        simulated = made(superadmin.post("/v1/agents", json=SIMULATED | {"data": resources_of(project)}))
        until(superadmin, f"/v1/agents/{simulated['id']}", lambda agent: agent["state"] == "active")
        second = f"/v1/accounts/{made(superadmin.post('/v1/accounts', json={'kind': 'superadmin'}))['id']}"
        shown = until(superadmin, second, lambda account: account["state"] == "active")
        assert admin.delete(second).status_code == 405
        assert not {"deactivate", "remove"} & admin.get(second).json()["actions"].keys()
        assert superadmin.get(second).json()["state"] == shown["state"]
        lower = superadmin.get("/v1/schemas", params={"_role": "service"})
        assert "zone" not in {schema["id"] for schema in lower.json()["data"]}
        assert denied_to_administrators(admin)["state"] == "active"

        another = key_of(server)
        assert another != key
        assert httpx.get(f"{server.url}/v1/zones", auth=another).status_code == 200
        (own,) = superadmin.get("/v1/apikeys", params={"publicValue": key[0]}).json()["data"]
        path = f"/v1/apikeys/{own['id']}"
        assert admin.post(f"{path}?action=deactivate", json={}).status_code == 422
        assert superadmin.post(f"{path}?action=deactivate", json={}).status_code == 202
        assert superadmin.get("/v1/zones").status_code == 401
        assert admin.post(f"{path}?action=activate", json={}).status_code == 422
    assert httpx.get(f"{server.url}/v1/zones", auth=another).status_code == 200


def resources_of(project):
    """What says for which project a simulated agent's host is."""
    return {"agentResourcesAccountId": int(project.removeprefix("1a"))}


def test_the_audit_log_and_the_secret(start):
    server = start()
    access_key, secret_key = key_of(server)
    rows = server.admin().get("/v1/auditlogs", params={"eventType": "server.superadmin-key"}).json()["data"]
    assert [(row["authType"], row["resourceType"]) for row in rows] == [(None, "apiKey")]
    assert json.loads(rows[0]["responseObject"]) == {"publicValue": access_key}
    server.stop()
    kept = [path for path in server.directory.rglob("*") if path.is_file()]
    assert not [path for path in (*kept, server.log) if secret_key.encode() in path.read_bytes()]


def test_a_stopped_server_knows_the_key_later(start):
    server = start()
    server.stop()
    key = key_of(server)
    assert httpx.get(f"{start().url}/v1/zones", auth=key).status_code == 200


@pytest.mark.parametrize("there", [True, False])
def test_where_no_server_was(tmp_path, there):
    directory = tmp_path / "data"
    if there:
        directory.mkdir()
    done = superadmin_key(directory)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("orca: ")
    assert not list(tmp_path.rglob("orca.db"))
