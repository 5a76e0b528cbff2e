# SPDX-License-Identifier: Apache-2.0
"""Whatever stands in headers, queries, ids and numbers: an answer, never an error of the server."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
import sys
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

EXAMPLES = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DIGITS = "9" * 5000
VALUES = (
    *[
        "[",
        "]",
        "http://[",
        "http://[::1",
        "javascript",
        "javascript:alert(1)",
        "-1",
        "-0",
        "+1",
        "1e999",
        "nan",
        "inf",
        "0x1",
        "true",
        "null",
        "*",
        "%",
        "_",
        "'",
        ";",
        "=",
        "a=b",
    ],
    *["m9999999999", "9999-99-99", "2020-13-45T99:99:99Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"],
    *("", '"', "\\", "\x00", "\xff", "\ud800", "\u0661", "\u00b2"),
    *(DIGITS, f"m{DIGITS}", f"1h{DIGITS}", "a" * 20_000, "%" * 6000),
)
HEADERS = (
    *[
        "Accept",
        "Authorization",
        "Content-Type",
        "Cookie",
        "Host",
        "If-None-Match",
        "Origin",
        "Prefer",
        "Range",
        "Referer",
        "Sec-Fetch-Site",
    ],
    *["Upgrade", "X-API-CSRF", "X-API-No-Challenge", "X-API-Project-Id", "X-Enforce-Authentication"],
    *["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto"],
)
"""Those that something here reads, and some that others do."""
PARAMETERS = (
    *[
        "_actionLinks",
        "_field",
        "_format",
        "_method",
        "_modifier",
        "_removed",
        "_role",
        "_value",
        "_view",
        "action",
        "all",
        "include",
        "key",
        "limit",
    ],
    *["marker", "name", "order", "projectId", "resume", "since", "skip", "sort", "ticket", "token"],
)
CREDENTIALS = (
    *("Basic ", "Basic !!!", "Basic =", "Bearer ", "Bearer a.b.c", "Bearer e30.e30.e30"),
    *(
        f"Basic {base64.b64encode(text).decode()}"
        for text in (b"\xff:\xff", b"a:\0", b"a", b"x-api-bearer=[:a.b.c", b"registrationToken:1:2:3")
    ),
)
VALUE = st.sampled_from((*VALUES, *CREDENTIALS)) | st.text(max_size=30)
PATHS = ("/", "/v1", "/v1/projects", "/v2/hosts", "/v2/projects?_format=html", "/v1/token", "/metrics", "/v2/schemas")
NUMBERS = (2**63, -(2**63) - 1, int("9" * 40), int("9" * 4000), 1e308, -1, 0.5)
JSON = st.recursive(
    st.sampled_from((*NUMBERS, *VALUES, None, True)) | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("a", "", "id", "fields")), inner, max_size=3)
    ),
    max_leaves=6,
)


class Client:
    """Sends what no library would. ``signed``: as the administrator."""

    def __init__(self, server: Any) -> None:
        self.port = server.http_port
        self.basic = "Basic " + base64.b64encode(":".join(server.admin()).encode()).decode()

    def send(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        *,
        signed: bool = True,
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"Host": "localhost", **({"Authorization": self.basic} if signed else {}), **(headers or {})}
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in given.items():
            # As any client may: a line of bytes without line breaks.
            line = value.encode("utf-8", "surrogatepass").translate(None, b"\r\n\0")
            connection.putheader(name, line)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def get(self, target: str) -> Any:
        return json.loads(self.send("GET", target)[1])


@pytest.fixture(scope="session")
def client(server: Any) -> Client:
    return Client(server)


@pytest.fixture(scope="session")
def types(client: Client) -> list[dict[str, Any]]:
    """What the administrator can list."""
    return [schema for schema in client.get("/v1/schemas")["data"] if "GET" in schema.get("collectionMethods", [])]


@pytest.fixture(scope="session")
def project(client: Client) -> str:
    return str(client.get("/v2/projects?name=Default")["data"][0]["id"])


def escaped(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@EXAMPLES
@example("Origin", "http://[", "/v1/token", False)
@example("Host", "[", "/v1/token", False)
@example("Host", "[::1", "/v1/projects", False)
@given(st.sampled_from(HEADERS), VALUE, st.sampled_from(PATHS), st.booleans())
def test_headers(client: Client, name: str, value: str, path: str, signed: bool) -> None:
    for method, body in (("GET", None), ("POST", b"{}")):
        status, _ = client.send(method, path, {name: value}, body, signed=signed)
        assert status < 500, (method, path, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("Proto", value) for value in ("javascript", "javascript:alert(1)//", "ftp,https", "", "HTTPS ", "a b")),
        *(("Host", value) for value in ("a b", "evil/x?", "x@y", "[", "]:1", "a:b", "<script>", "a" * 300)),
        *(("Port", value) for value in ("javascript", "-1", "1/x", "1234567", "")),
    ],
)
def test_what_a_proxy_passes_on_is_in_no_link_unless_it_has_the_form(client: Client, name: str, value: str) -> None:
    status, text = client.send("GET", "/v1", {f"X-Forwarded-{name}": value})
    assert status == 200
    links = json.loads(text)["links"].values()
    assert {urlsplit(link).scheme for link in links} <= {"http", "https"}
    assert {urlsplit(link).netloc for link in links} == {"localhost"}


@EXAMPLES
@given(st.data())
def test_queries(client: Client, types: list[dict[str, Any]], data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from(types))
    filters = [
        name if modifier == "eq" else f"{name}_{modifier}"
        for name, declared in schema.get("collectionFilters", {}).items()
        for modifier in declared["modifiers"]
    ]
    name = data.draw(st.sampled_from([*filters, *PARAMETERS]))
    value = data.draw(VALUE)
    target = f"{urlsplit(schema['links']['collection']).path}?{name}={escaped(value)}"
    assert client.send("GET", target)[0] < 500


@pytest.mark.parametrize("number", [201, 5000])
def test_more_parameters_than_any_question_has(client: Client, number: int) -> None:
    status, text = client.send("GET", "/v1/hosts?" + "&".join(f"name={index}" for index in range(number)))
    assert (status, json.loads(text)["code"]) == (400, "TooManyParameters")
    status, _ = client.send("GET", "/v1/hosts?" + "&".join(f"name={index}" for index in range(200)))
    assert status == 200


@pytest.mark.parametrize("modifier", ["like", "notlike", "prefix"])
def test_a_pattern_has_a_bound(client: Client, modifier: str) -> None:
    assert client.send("GET", f"/v1/projects?name_{modifier}={'a' * 1000}")[0] == 200
    status, text = client.send("GET", f"/v1/projects?name_{modifier}={'a' * 1001}")
    assert (status, json.loads(text)["fieldName"]) == (422, f"name_{modifier}")


@EXAMPLES
@given(st.data())
def test_ids(client: Client, types: list[dict[str, Any]], project: str, data: st.DataObject) -> None:
    path = urlsplit(data.draw(st.sampled_from(types))["links"]["collection"]).path
    id = escaped(data.draw(VALUE)) or "x"
    target = data.draw(
        st.sampled_from([f"{path}/{id}", f"{path}/1/{id}", f"{path}/1?action={id}", f"/v1/projects/{id}{path[3:]}"])
    )
    for method, body in (("GET", None), ("PUT", b"{}"), ("POST", b"{}")):
        assert client.send(method, target, body=body)[0] < 500, (method, target)


@EXAMPLES
@given(st.data())
def test_fields(client: Client, types: list[dict[str, Any]], project: str, data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from([each for each in types if "POST" in each["collectionMethods"]]))
    base = f"/v1/projects/{project}{urlsplit(schema['links']['collection']).path[3:]}"
    names = st.sampled_from([*schema["resourceFields"], "data", "fields", "id", "links", "kind"])
    body = json.dumps(data.draw(st.dictionaries(names, JSON, min_size=1, max_size=3))).encode()
    assert client.send("POST", base, body=body)[0] < 500, body


@pytest.mark.parametrize("digits", [40, 4300, 5000, 1_000_000])
@pytest.mark.parametrize(
    "form", ['{"scale": %s}', '{"scale": -%s}', '{"a": [%s]}', '{"name": 0.%s}', '{"scale": 1e%s}', "%s"]
)
def test_numbers_with_many_digits(client: Client, project: str, digits: int, form: str) -> None:
    status, text = client.send("POST", f"/v2/projects/{project}/services", body=(form % ("9" * digits)).encode())
    assert status == 422, text[:300]


@pytest.mark.parametrize("value", [{"fields": {}}, {"fields": None}, {}, [], "x", None])
def test_what_rows_are_kept_in_cannot_be_given(client: Client, types: list[dict[str, Any]], value: Any) -> None:
    body = json.dumps({"data": value}).encode()
    for schema in types:
        path = urlsplit(schema["links"]["collection"]).path
        rows = client.get(f"{path}?limit=1")["data"]
        if rows and "PUT" in schema.get("resourceMethods", []):
            status, text = client.send("PUT", f"{path}/{rows[0]['id']}", body=body)
            assert status < 500, (schema["id"], text[:300])


def test_what_rows_are_kept_in_for_whom_it_is_open(server: Any, client: Client, project: str) -> None:
    """The superadmin may set keys of ``data``; fields have their own names, and their own checks."""
    command = [sys.executable, "-c", "from orca.cli import main; main()", "server", "--data-dir", str(server.directory)]
    keys = json.loads(subprocess.run([*command, "superadmin-key"], capture_output=True, check=True).stdout)
    basic = "Basic " + base64.b64encode(f"{keys['accessKey']}:{keys['secretKey']}".encode()).decode()
    signed = {"Authorization": basic}
    for version, refused in (("v1", 200), ("v2", 422)):
        path = f"/{version}/projects/{project}"
        for value in ({}, None):
            status, text = client.send("PUT", path, signed, json.dumps({"data": value}).encode())
            assert status == 200, text
        for value in ({"fields": {}}, {"fields": None}, {"fields": {"servicesPortRange": 1}}):
            status, text = client.send("PUT", path, signed, json.dumps({"data": value}).encode())
            assert status == refused, text
