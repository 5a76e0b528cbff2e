# SPDX-License-Identifier: Apache-2.0
"""The Docker Engine API: bytes of requests and answers, versions, and the blocking shell."""

import base64
import json
import struct

import pytest
from fakeengine import FakeEngine

from orca.hoststate.apply import Engine, EngineError, EngineUnavailable, HostStateError
from orca.hoststate.engine_api import Head, Negotiation, ProtocolError, TooOld, calls, encode, parse_head, split, whole


def test_a_request_as_bytes():
    head, _, body = encode(calls.create_container("a b", {"Image": "é"}), "1.41").partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1.41/containers/create?name=a+b HTTP/1.0"
    assert {"Content-Type: application/json", f"Content-Length: {len(body)}"} <= set(lines[1:])
    assert json.loads(body) == {"Image": "é"}
    (first, *_) = encode(calls.containers({"label": ["a=b"]}, everything=False), "1.47").decode().split("\r\n")
    assert first == "GET /v1.47/containers/json?all=false&filters=%7B%22label%22%3A+%5B%22a%3Db%22%5D%7D HTTP/1.0"
    assert encode(calls.ping(), "1.41").startswith(b"GET /_ping HTTP/1.0\r\n")


@pytest.mark.parametrize(
    ("image", "asked"),
    [
        ("web", "web:latest"),
        ("registry:5000/web", "registry:5000/web:latest"),
        ("registry:5000/web:1", "registry:5000/web:1"),
        ("web@sha256:0", "web@sha256:0"),
        ("web:1@sha256:0", "web:1@sha256:0"),
    ],
)
def test_an_image_without_a_tag_is_the_latest(image, asked):
    assert calls.pull(image).query == {"fromImage": asked}


def test_credentials_go_into_a_header():
    header = calls.pull("web", {"username": "u", "password": "ü?>"}).headers["X-Registry-Auth"]
    assert json.loads(base64.urlsafe_b64decode(header)) == {"username": "u", "password": "ü?>"}


def test_names_cannot_leave_their_place_in_the_path():
    assert calls.container("a?b#c d").path == "/containers/a%3Fb%23c%20d/json"


def test_heads_of_answers():
    text = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nX:\r\n\r\n"
    assert parse_head(text) == Head(200, {"api-version": "1.41", "x": ""})
    for wrong in (b"", b"SSH-2.0-x", b"HTTP/1.1 two hundred"):
        with pytest.raises(ProtocolError):
            parse_head(wrong)
    with pytest.raises(ProtocolError, match="1 of 2 bytes"):
        whole(Head(200, {"content-length": "2"}), b"x")


@pytest.mark.parametrize(
    ("offered", "spoken"), [("1.41", "1.41"), ("1.44", "1.44"), ("1.47", "1.47"), ("1.52", "1.47")]
)
def test_the_lower_version_is_spoken(offered, spoken):
    assert Negotiation().learn(Head(200, {"api-version": offered})) == spoken


@pytest.mark.parametrize("headers", [{"api-version": "1.40"}, {"api-version": "x"}, {}])
def test_an_engine_that_is_too_old_is_named(headers):
    with pytest.raises(TooOld, match=r"1\.41 is needed: upgrade it"):
        Negotiation().learn(Head(200, headers))


def test_multiplexed_output_is_split():
    def frame(kind, text):
        return struct.pack(">BxxxL", kind, len(text)) + text

    assert split(frame(1, b"out") + frame(2, b"err") + frame(1, b"!")) == ("out!", "err")
    assert split(frame(1, b"cut")[:-1]) == ("cu", "")


@pytest.fixture
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("engine") / "s"  # the path of a socket has at most 107 bytes


def test_the_blocking_shell(path):
    with FakeEngine().serving(path):
        engine = Engine(str(path))
        assert engine.network("orca") == {"Name": "orca"}
        assert engine.container("x") is None
        with pytest.raises(EngineError, match="no such thing"):
            engine.remove_network("nothing")
        with pytest.raises(EngineError, match="manifest unknown"):
            engine.pull("registry/image:1")
        with pytest.raises(EngineUnavailable, match="broke off"):
            engine.network("cut")


def test_an_engine_that_refuses_old_clients_is_spoken_to_in_its_words(path):
    with FakeEngine(newest="1.52", oldest="1.44").serving(path) as fake:
        assert Engine(str(path)).network("orca") == {"Name": "orca"}
    assert fake.asked == ["/_ping", "/v1.47/networks/orca"]


def test_an_engine_that_was_upgraded_meanwhile_is_asked_again(path):
    with FakeEngine().serving(path) as fake:
        engine = Engine(str(path))
        engine.network("orca")
        fake.newest, fake.oldest = "1.52", "1.44"
        assert engine.network("orca") == {"Name": "orca"}
    assert fake.asked[2:] == ["/v1.41/networks/orca", "/_ping", "/v1.47/networks/orca"]


def test_without_an_engine_the_error_says_so(path):
    with pytest.raises(EngineUnavailable, match="No such file"):
        Engine(str(path)).version()
    with FakeEngine(newest="1.39").serving(path), pytest.raises(HostStateError, match="Docker engine speaks API"):
        Engine(str(path)).version()
