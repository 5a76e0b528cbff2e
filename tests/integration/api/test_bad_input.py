# SPDX-License-Identifier: Apache-2.0
"""Input that no honest client sends: the documented error, never a defect of the server, and nothing changed."""

import json
import socket

import httpx
import pytest


@pytest.fixture
def unchanged(tenant):
    """Checks that a test left no stack behind, and that the server still answers."""
    before = tenant.get("/v1/environments", params={"limit": 0}).json()["data"]
    yield
    after = tenant.get("/v1/environments", params={"limit": 0}).json()["data"]
    assert [row["id"] for row in after] == [row["id"] for row in before]


def refused(answer, status, code):
    body = answer.json()
    assert (answer.status_code, body["type"], body["status"], body["code"]) == (status, "error", status, code), body
    return body


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "InvalidBodyContent"),
        (b"[]", "InvalidBodyContent"),
        (b"null", "InvalidBodyContent"),
        (b'{"name": "x"} {}', "InvalidBodyContent"),
        (b'{"name": "\xff"}', "InvalidBodyContent"),
        (b'{"name": "\xed\xa0\x80"}', "InvalidBodyContent"),
        (b'{"name": "a\\u0000b"}', "InvalidCharacters"),
        (b'{"name": {"a": 1}}', "InvalidFormat"),
        (b'{"environment": {"a\\u0000": "b"}}', "InvalidCharacters"),
        (b'{"environment": ["a"]}', "InvalidFormat"),
        (b'{"name": NaN}', "InvalidBodyContent"),
        (b'{"startOnCreate": "perhaps"}', "InvalidFormat"),
        (b'{"startOnCreate": 7}', "InvalidFormat"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "InvalidBodyContent"),
        (b"[" * 100_000, "InvalidBodyContent"),
    ],
)
def test_bodies(tenant, content, code):
    refused(tenant.post("/v1/environments", content=content), 422, code)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 10**30, "9" * 30, 1.5, True, "1e3", [1], {"a": 1}, "\u0661x"])
def test_whole_numbers(tenant, value):
    answer = tenant.post("/v1/containers", json={"imageUuid": "docker:x", "memory": value})
    body = answer.json()
    assert (answer.status_code, body.get("fieldName")) == (422, "memory"), body


CHECK = {"port": 80, "interval": 1000, "responseTimeout": 500, "healthyThreshold": 1, "unhealthyThreshold": 1}


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("memory", {"memory": -7}),
        ("cpuShares", {"cpuShares": -1}),
        *((name, {"healthCheck": {**CHECK, name: 0}}) for name in CHECK),
    ],
)
def test_numbers_that_cannot_work(tenant, field, fields):
    for version in ("v1", "v2"):
        answer = tenant.post(f"/{version}/containers", json={"imageUuid": "docker:x", **fields})
        assert refused(answer, 422, "MinLimitExceeded")["fieldName"] == field


@pytest.mark.parametrize(
    ("image", "cure"),
    [("shop/api:", "leave the colon out"), ("X/Upper:tag", "write 'x/upper'"), ("a b", "is expected")],
)
def test_images_that_no_engine_takes_are_refused_wherever_one_is_given(tenant, image, cure):
    bad, good = {"imageUuid": f"docker:{image}"}, {"imageUuid": "docker:shop/api:1"}
    stack = tenant.post("/v2/environments", json={"name": f"images-{len(image)}"}).json()
    service = {"environmentId": stack["id"], "name": "web", "launchConfig": good}
    made = tenant.post("/v2/services", json=service).json()
    while (active := tenant.get(made["links"]["self"]).json())["transitioning"] == "yes":
        pass
    upgrade, other, sidekick = active["actions"]["upgrade"], {**service, "name": "other"}, {"name": "s", **bad}
    for path, body, field in (
        ("/v1/containers", bad, "imageUuid"),
        ("/v2/services", {**other, "launchConfig": bad}, "imageUuid"),
        ("/v2/services", {**other, "secondaryLaunchConfigs": [sidekick]}, "imageUuid"),
        (upgrade, {"inServiceStrategy": {"launchConfig": bad}}, "imageUuid"),
        (upgrade, {"inServiceStrategy": {"launchConfig": good, "secondaryLaunchConfigs": [sidekick]}}, "imageUuid"),
        ("/v2/pulltasks", {"image": image, "mode": "all"}, "image"),
        ("/v2/pulltasks", {"image": bad["imageUuid"], "mode": "all"}, "image"),
        ("/v1/environments", {"name": "s", "dockerCompose": f"web: {{image: '{image}'}}"}, "dockerCompose"),
        ("/v2/environments?action=plan", {"name": "s", "files": {"a.yml": f"web: {{image: '{image}'}}"}}, "files"),
    ):
        answer = tenant.post(path, json=body)
        body = refused(answer, 422, "InvalidFormat")
        assert body["fieldName"] == field, body
        assert repr(image) in body["message"]
        assert cure in body["message"]
    tenant.delete(stack["links"]["self"])


@pytest.mark.parametrize("value", ["1h" + "9" * 40, 10**30, -1, "", "1h1 ", {"id": 1}, ["1h1"], "\x00", "1hx"])
def test_references(tenant, value):
    answer = tenant.post("/v1/containers", json={"imageUuid": "docker:x", "requestedHostId": value})
    refused(answer, 422, "InvalidReference")


@pytest.mark.usefixtures("unchanged")
def test_large_bodies(tenant):
    refused(tenant.post("/v1/environments", content=b" " * 10_000_000), 413, "Request Entity Too Large")
    body = json.dumps({"name": "x" * 3_000_000})
    refused(tenant.post("/v1/environments", content=body), 422, "MaxLengthExceeded")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "nonsense", "", "application/json; charset=klingon"])
def test_the_content_type_of_json_does_not_matter(tenant, kind):
    body = json.dumps({"name": f"kind {kind}"})
    assert tenant.post("/v1/environments", content=body, headers={"Content-Type": kind}).status_code == 201


def test_forms(tenant):
    made = tenant.post("/v1/environments", files={"name": (None, "in parts"), "description": ("a.txt", b"of a file")})
    assert (made.status_code, made.json()["name"], made.json()["description"]) == (201, "in parts", "of a file")
    form = "application/x-www-form-urlencoded"
    for content, kind in (
        (b"name=%ff", form),
        (b"name=\xff", form),
        (b"nothing", "multipart/form-data"),
        (b"--x\r\nnothing", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\ncut', "multipart/form-data; boundary=x"),
    ):
        answer = tenant.post("/v1/environments", content=content, headers={"Content-Type": kind})
        assert answer.status_code == 422, (kind, answer.text)


def test_the_last_of_equal_keys_counts(tenant):
    made = tenant.post("/v1/environments", content=b'{"name": "first", "name": "last of equal keys"}')
    assert (made.status_code, made.json()["name"]) == (201, "last of equal keys")


@pytest.mark.parametrize(
    "query",
    [
        "limit=--5",
        "limit=1e9",
        "limit=99999999999999999999999",
        "limit=%D9%A1",
        "marker=m--1",
        "marker=m99999999999999999999",
        "marker=%00",
        "sort=nothing",
        "sort=data",
        "sort=__class__",
        "order=sideways",
        "include=nothing",
        "include=",
        "nothing_like=x",
        "name_dance=x",
        "_=&=&&",
        "%zz=%zz",
        "name=%00",
        "name_like=%ff",
        "data_like=x",
        "name_like=%5C",
        "name_notlike=a%25%5C",
        "created_gt=never",
        "created_gt=99999999999999999999",
        "removed_notnull",
        "id=%00",
        "id=1e99999999999999999999999999",
        "accountId=1a1%27%20or%201=1",
    ],
)
def test_queries(tenant, query):
    answer = tenant.get(f"/v1/environments?{query}")
    assert (answer.status_code, answer.json()["type"]) == (200, "collection")


@pytest.mark.parametrize("query", ["createIndex=--5", "createIndex=9999999999999999999", "startCount_gt=%D9%A1x"])
def test_numbers_in_queries_match_nothing(tenant, query):
    assert tenant.get(f"/v1/containers?{query}").json()["data"] == []


@pytest.mark.parametrize(
    "path",
    [
        "%00",
        "environments/%00",
        "environments/1e%00",
        "settings/%00",
        "settings/%ff",
        "hosts/1h1%2f..",
        "hosts/..%2f..",
        "%2e%2e/etc",
        "projects/1a1%0d%0aX-Evil:%20yes/hosts",
        "environments/" + "9" * 5000,
        "hosts/1h1/%00",
        "projects/%00/hosts",
        "hosts/1h1/a/b/c",
    ],
)
def test_paths(tenant, path):
    answer = tenant.get(f"/v1/{path}")
    assert answer.status_code in (403, 404)
    assert answer.json()["type"] == "error"
    assert "x-evil" not in answer.headers


def test_what_comes_escaped_is_unescaped_once(admin):
    made = admin.post("/v1/settings", json={"name": "a%2Fb", "value": "x"})
    if made.status_code == 201:
        assert admin.get("/v1/settings/a%252Fb").json()["value"] == "x"
        assert admin.get("/v1/settings/a%2Fb").status_code == 404


def test_methods_that_are_not_allowed_name_those_that_are(tenant):
    answer = tenant.post("/v1/hosts", json={})
    refused(answer, 405, "Method not allowed")
    assert answer.headers["allow"] == "GET"
    for method in ("PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        answer = tenant.request(method, "/v1/hosts")
        refused(answer, 405, "Method not allowed")
        assert answer.headers["allow"] == "GET"
    assert "POST" in tenant.request("PATCH", "/v1/containers").headers["allow"]


@pytest.mark.usefixtures("unchanged")
def test_methods_are_overridden_in_one_way_only(tenant):
    stack = tenant.get("/v1/environments").json()["data"][:1]
    target = stack[0]["links"]["self"] if stack else "/v1/environments"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert tenant.get(target, headers={name: "DELETE"}).status_code == 200
    assert tenant.get(f"{target}?_method=DELETE").status_code == 200
    assert tenant.post(f"{target}?_method=TRACE", json={}).status_code == 405
    foreign = {"Origin": "https://evil.example"}
    for query in ("", "?_method=DELETE", "?_method=GET&action=remove"):
        answer = tenant.post(f"{target}{query}", json={}, headers=foreign)
        assert answer.status_code in (200, 403)
        assert answer.status_code == 403 or "_method=GET" in query


def test_forwarded_headers_never_break_an_answer(tenant):
    for name in ("X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-For", "Host"):
        for value in ("", ",,", "a b", "'\"<script>", "x" * 5000, "[::1", "evil.example/path"):
            assert tenant.get("/v1", headers={name: value}).status_code in (200, 400)


def raw(server, data: bytes) -> bytes:
    """What comes back for some bytes, when no more of them follow."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout=20) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(65536)


@pytest.mark.usefixtures("unchanged")
def test_cut_connections(server, tenant):
    auth = "Authorization: Basic eDp5"
    for data in (
        b"",
        b"GET",
        b'POST /v1/environments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"name": ',
        b'POST /v1/environments HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"na',
        f"GET /v1/hosts HTTP/1.1\r\nHost: localhost\r\n{auth}\r\n\r\n".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/9.9\r\n\r\n",
    ):
        raw(server, data)
    assert httpx.get(f"{server.url}/ping").text == "pong"


def test_long_queries_and_headers(tenant):
    assert tenant.get("/v1/environments", params={"name": "x" * 16_000}).status_code == 200
    answer = tenant.get("/v1/environments", headers={"X-Long": "x" * 30_000})
    assert answer.status_code == 200


def test_patterns_are_compared_as_text_is(tenant):
    made = tenant.post("/v1/environments", json={"name": "Back\\slash"}).json()
    try:
        for query, found in (
            ("name_like=Back%5C%25", 1), ("name_like=back%25", 0), ("name_prefix=Back%5Cs", 1), ("name_prefix=back", 0),
            ("name=back%5Cslash", 0), ("name_like=%25/%25", 0),
        ):  # fmt: skip
            assert len(tenant.get(f"/v1/environments?{query}&id={made['id']}").json()["data"]) == found, query
    finally:
        tenant.delete(f"/v1/environments/{made['id']}")
