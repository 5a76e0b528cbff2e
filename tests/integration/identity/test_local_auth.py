# SPDX-License-Identifier: Apache-2.0
"""Turning signing in on and off on a server without access control; the switch that a closed server does not have."""

from __future__ import annotations

import httpx
import pytest

CONFIG = {"enabled": True, "username": "root", "password": "a long enough password", "accessMode": "unrestricted"}


@pytest.mark.parametrize("enabled", [False, None])
def test_a_closed_server_stays_closed(server, admin, enabled):
    refused = admin.post("/v1/localauthconfigs", json=CONFIG | {"enabled": enabled})
    assert (refused.status_code, refused.json()["fieldName"]) == (422, "enabled")
    for name in ("api.security.enabled", "access.control"):
        assert admin.put(f"/v1/settings/{name}", json={"value": "false"}).status_code == 422
        assert admin.delete(f"/v1/settings/{name}").status_code == 422
        assert admin.post("/v1/settings", json={"name": name, "value": "false"}).status_code == 422
    assert httpx.get(f"{server.url}/v1/accounts").status_code == 401


def test_a_closed_server_gives_its_administrator_a_login(server, admin, person):
    (before,) = admin.get("/v1/localauthconfigs").json()["data"]
    assert (before["enabled"], "password" in before) == (True, False)
    answer = admin.post("/v1/localauthconfigs", json=CONFIG)
    assert answer.status_code == 201
    assert CONFIG["password"] not in answer.text
    signed_in = server.sign_in("root")
    assert signed_in.status_code == 201
    assert signed_in.json()["userType"] == "admin"
    somebody = person()
    taken = admin.post("/v1/localauthconfigs", json=CONFIG | {"username": somebody.login})
    assert (taken.status_code, taken.json()["code"]) == (422, "NotUnique")
    assert somebody.bearer().post("/v1/localauthconfigs", json=CONFIG).status_code == 404


def test_an_open_server_is_closed_and_opened_again(start):
    server = start("--access-control=off")
    anybody = server.client()
    assert anybody.get("/v1/accounts").headers["x-api-account-kind"] == "admin"
    assert anybody.get("/v1/accounts", auth=("no", "key")).headers["x-api-account-kind"] == "admin"
    assert anybody.get("/v1/accounts", headers={"X-Enforce-Authentication": "true"}).status_code == 401
    assert anybody.get("/v1/token").json()["data"][0]["security"] is False
    assert anybody.post("/v1/localauthconfigs", json=CONFIG).status_code == 201
    assert anybody.get("/v1/accounts").status_code == 401
    assert anybody.get("/v1/token").json()["data"][0]["security"] is True
    signed_in = server.sign_in("root")
    assert signed_in.status_code == 201
    root = server.client(headers={"Authorization": f"Bearer {signed_in.json()['jwt']}"})
    assert root.get("/v1/localauthconfigs").json()["data"][0]["enabled"] is True
    assert root.post("/v1/localauthconfigs", json=CONFIG | {"enabled": False}).status_code == 201
    assert server.client().get("/v1/accounts").status_code == 200
