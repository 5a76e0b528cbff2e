# SPDX-License-Identifier: Apache-2.0
"""Passwords: changing, guessing, and never shown."""

from __future__ import annotations

import concurrent.futures

import httpx
import pytest

from .conftest import PASSWORD

NEW = "quite another password"


def test_a_password_is_changed_by_who_knows_it(server, person, admin):
    somebody = person()
    mine = somebody.bearer()
    login = mine.get("/v1/passwords").json()["data"][0]
    change = f"/v1/passwords/{login['id']}?action=changesecret"
    assert "changesecret" in login["actions"]
    wrong = mine.post(change, json={"oldSecret": "not the password", "newSecret": NEW})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "InvalidOldPassword")
    short = mine.post(change, json={"oldSecret": PASSWORD, "newSecret": "short"})
    assert (short.status_code, short.json()["fieldName"]) == (422, "newSecret")
    assert mine.get("/v1/projects").status_code == 200
    right = mine.post(change, json={"oldSecret": PASSWORD, "newSecret": NEW})
    assert right.status_code == 200, right.text
    assert NEW not in right.text
    assert mine.get("/v1/projects").status_code == 401, "tokens of the old password are worthless"
    assert server.sign_in(somebody.login).status_code == 401
    assert server.sign_in(somebody.login, NEW).status_code == 201


def test_secrets_are_not_shown(person, server, admin):
    somebody = person()
    for client in (admin, somebody.bearer()):
        text = client.get("/v1/passwords", params={"limit": "1000"}).text + client.get("/v1/credentials").text
        assert "argon2" not in text
        assert PASSWORD not in text
    assert PASSWORD not in server.log.read_text()


def test_logins_are_unique_and_plain(person, admin):
    somebody = person()
    again = admin.post("/v1/passwords", json={"publicValue": somebody.login, "secretValue": PASSWORD})
    assert (again.status_code, again.json()["code"], again.json()["fieldName"]) == (422, "NotUnique", "publicValue")
    colon = admin.post("/v1/passwords", json={"publicValue": "a:b", "secretValue": PASSWORD})
    assert (colon.status_code, colon.json()["code"]) == (422, "InvalidCharacters")
    short = admin.post("/v1/passwords", json={"publicValue": "somebody-new", "secretValue": "short"})
    assert (short.status_code, short.json()["code"]) == (422, "MinLengthExceeded")
    nameless = admin.post("/v1/passwords", json={"secretValue": PASSWORD})
    assert (nameless.status_code, nameless.json()["fieldName"]) == (422, "publicValue")


@pytest.mark.parametrize(
    "name", ["registrationToken", "REGISTRATIONTOKEN", "X-API-BEARER", "x-api-bearer=1a5", "ABCDEFGHIJ0123456789"]
)
def test_a_login_can_be_used(admin, name):
    """HTTP Basic takes these for something else."""
    answer = admin.post("/v1/passwords", json={"publicValue": name, "secretValue": PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (422, "InvalidOption")
    assert answer.json()["fieldName"] == "publicValue"
    body = {"enabled": True, "username": name, "password": PASSWORD}
    assert admin.post("/v1/localauthconfigs", json=body).json()["fieldName"] == "username"


def test_a_deactivated_login_and_its_tokens_open_nothing(server, person, admin):
    somebody = person()
    mine = somebody.bearer()
    key = somebody.key()
    assert admin.post(f"/v1/passwords/{somebody.password}?action=deactivate", json={}).status_code == 202
    assert server.sign_in(somebody.login).status_code == 401
    assert mine.get("/v1/projects").status_code == 401
    assert key.get("/v1/projects").status_code == 200


def test_guessing_is_slowed_down(start):
    """By name and address; a right password must wait too, another name at the same address need not yet."""
    server = start()
    answers = [server.sign_in("admin", f"guess number {number}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 20
    assert answers[-1].json()["status"] == 429
    basic = httpx.get(f"{server.url}/v1/accounts", auth=("admin", "one more guess"))
    assert basic.status_code == 429
    assert "retry-after" in basic.headers
    assert server.sign_in("somebody else").status_code == 401
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}
    moved = httpx.post(f"{server.url}/v1/token", json={"code": "admin:guess from elsewhere"}, headers=elsewhere)
    assert moved.status_code == 401


def test_guesses_at_the_same_time_count_too(start):
    server = start()
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda number: server.sign_in("admin", f"guess {number}").status_code, range(16)))
    assert set(found) == {401, 429}
    assert found.count(401) <= 5


def test_one_address_cannot_try_many_names(start):
    server = start()
    found = [server.sign_in(f"nobody {number}").status_code for number in range(31)]
    assert found == [401] * 30 + [429]
    with server.admin() as admin:
        assert admin.get("/v1/accounts").status_code == 200, "keys are no guesses"
