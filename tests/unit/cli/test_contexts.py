# SPDX-License-Identifier: Apache-2.0
"""`orca login`, `orca context` and how authorities are told apart."""

from __future__ import annotations

import io
import json
import ssl
from pathlib import Path

import pytest
from fakeserver import KEYS, FakeServer, Run

from orca.cli import trust
from orca.cli.errors import UnreachableError


def test_login_remembers_what_works(orca: Run, server: FakeServer, tmp_path: Path, monkeypatch) -> None:
    assert orca("login", "one")[0] == 0
    kept = json.loads((tmp_path / "home" / "config").read_text())
    assert kept["current"] == "one"
    assert kept["contexts"]["one"]["secret_key"] == KEYS[1]
    for name in ("ORCA_URL", "ORCA_ACCESS_KEY", "ORCA_SECRET_KEY"):
        monkeypatch.delenv(name)
    assert orca("hosts")[0] == 0


def test_login_does_not_remember_what_does_not(orca: Run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("ORCA_SECRET_KEY", "wrong")
    assert orca("login", "one")[0] == 3
    assert orca("--project", "Defualt", "login", "one")[0] == 3
    assert not (tmp_path / "home" / "config").exists()


def test_contexts_are_added_listed_chosen_and_dropped(orca: Run, server: FakeServer) -> None:
    assert orca("context", "add", "one")[0] == orca("context", "add", "two")[0] == 0
    assert orca("context", "use", "one")[0] == 0
    lines = orca("context", "ls")[1].splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["*", "one"], ["two", server.url]]
    assert KEYS[1] not in orca("context", "ls", "-o", "json")[1]
    assert orca("context", "rm", "one")[0] == 0
    code, _, err = orca("context", "use", "one")
    assert code == 5
    assert "known: two" in err


def removals(server: FakeServer) -> list[str]:
    return [path for method, path, _ in server.changes() if method == "DELETE"]


def signed_in(orca: Run, server: FakeServer, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Log in with a password under these names; the server gives the same working key each time."""
    key = {"publicValue": KEYS[0], "secretValue": KEYS[1]}
    server.script["new apikeys"] = [{**key, "links": {"self": "{url}/v2/apikeys/1x1"}}]
    for name in names:
        server.rows["apikeys"] = {}
        monkeypatch.setattr("sys.stdin", io.StringIO(KEYS[1]))
        code, _, err = orca("login", name, "--username", KEYS[0], "--secret-stdin")
        assert code == 0, err


def test_a_key_that_login_made_ends_with_its_context(orca: Run, server: FakeServer, monkeypatch) -> None:
    signed_in(orca, server, monkeypatch, "one", "two")
    assert orca("context", "rm", "two")[0] == 0
    assert removals(server) == []  # the other one has it too
    assert orca("context", "rm", "one")[0] == 0
    assert removals(server) == ["/v2/apikeys/1x1"]


def test_a_key_that_was_given_outlives_its_context(orca: Run, server: FakeServer) -> None:
    assert orca("login", "one")[0] == orca("context", "rm", "one")[0] == 0
    assert server.changes() == []


def test_a_key_that_cannot_be_ended_is_named(orca: Run, server: FakeServer, monkeypatch) -> None:
    signed_in(orca, server, monkeypatch, "one")
    server.rows["apikeys"].clear()
    code, _, err = orca("context", "rm", "one")
    assert code == 0
    assert "key 1x1, which `orca login` made for one, goes on working: DELETE /v2/apikeys/1x1: 404" in err
    assert orca("context", "use", "one")[0] == 5


def test_a_project_is_named_by_name_or_id_or_likened(orca: Run) -> None:
    assert orca("--project", "1a5", "hosts")[0] == 0
    code, _, err = orca("--project", "Defualt", "hosts")
    assert code == 5
    assert "did you mean Default?" in err


def test_a_fingerprint_must_be_the_same(monkeypatch) -> None:
    monkeypatch.setattr(ssl, "PEM_cert_to_DER_cert", lambda pem: b"certificate")
    found = trust.fingerprint("")
    assert found.count(":") == 31
    trust.check("", found, "https://a")
    trust.check("", found.replace(":", "").lower(), "https://a")
    with pytest.raises(UnreachableError, match="it is not trusted") as refused:
        trust.check("", "00" * 32, "https://a")
    assert refused.value.exit_code == 3


def test_a_fingerprint_without_tls_is_wrong_usage(orca: Run) -> None:
    assert orca("login", "--ca-fingerprint", "00")[0] == 2


def test_a_name_that_several_projects_have_chooses_none(orca: Run, server: FakeServer) -> None:
    server.add("projects", "1a6", name="1a5", type="project")
    assert orca("--project", "1a5", "hosts")[0] == 0
    server.add("projects", "1a7", name="Default", type="project")
    status, _, said = orca("hosts")
    assert (status, "1a5, 1a7" in said) == (1, True), said
