# SPDX-License-Identifier: Apache-2.0
"""The server as a process: files, TLS, start and stop."""

import hashlib
import json
import signal
import socket
import ssl
import stat
import subprocess
import time

import httpx
import pytest
from websockets.sync.client import connect

from orca.api.connections import tls


def test_what_lies_in_the_data_directory(server):
    secret = ("admin.json", "master.key", "tls/ca.key", "tls/server.key", "orca.db")
    modes = {name: stat.S_IMODE((server.directory / name).stat().st_mode) for name in secret}
    assert modes == dict.fromkeys(secret, 0o600)
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700


def test_tls_with_the_servers_own_authority(server):
    ca = httpx.get(f"{server.url}/v1/scripts/ca.crt").text
    context = ssl.create_default_context(cadata=ca)
    assert httpx.get(f"https://localhost:{server.https_port}/ping", verify=context).text == "pong"
    der = ssl.PEM_cert_to_DER_cert(ca)
    assert tls.der_sha256(ca) == hashlib.sha256(der).hexdigest()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"https://localhost:{server.https_port}/ping")


def test_the_certificate_follows_the_names(tmp_path):
    first = tls.ensure(tmp_path, ["localhost"])
    certificate = first.certificate.read_bytes()
    assert tls.ensure(tmp_path, ["localhost"]).certificate.read_bytes() == certificate
    second = tls.ensure(tmp_path, ["localhost", "192.0.2.1"])
    assert second.certificate.read_bytes() != certificate
    assert second.ca_sha256 == first.ca_sha256


def test_keys_and_rows_survive_a_kill(own_server):
    with httpx.Client(base_url=own_server.url, auth=own_server.admin()) as client:
        project = client.get("/v1/projects").json()["data"][0]["id"]
        answer = client.post(f"/v1/projects/{project}/environments", json={"name": "kept"})
        assert answer.status_code == 201
    own_server.stop(signal.SIGKILL)
    own_server.start()
    with httpx.Client(base_url=own_server.url, auth=own_server.admin()) as client:
        rows = client.get(f"/v1/projects/{project}/environments").json()["data"]
        assert [row["name"] for row in rows] == ["kept"]


def test_it_stops_at_once_with_open_streams(own_server):
    user = httpx.BasicAuth(*own_server.admin())
    request = next(user.sync_auth_flow(httpx.Request("GET", own_server.url)))
    with httpx.Client(base_url=own_server.url, auth=own_server.admin()) as client:
        project = client.get("/v1/projects").json()["data"][0]["id"]
    url = f"{own_server.url.replace('http', 'ws')}/v1/projects/{project}/subscribe?eventNames=resource.change"
    with connect(url, additional_headers={"Authorization": request.headers["authorization"]}) as stream:
        assert '"ping"' in stream.recv()
        began = time.monotonic()
        assert own_server.stop() == 0
        assert time.monotonic() - began < 2.0


def test_two_servers_do_not_share_a_directory(own_server):
    second = subprocess.run(
        [*own_server.process.args[:4], "--data-dir", str(own_server.directory), "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode != 0
    assert "another server runs on" in second.stderr


def test_streams_tell_of_changes(server, tenant):
    key = next(httpx.BasicAuth(*server.admin()).sync_auth_flow(httpx.Request("GET", server.url)))
    project = httpx.get(f"{server.url}/v1/projects", auth=server.admin()).json()["data"][0]["id"]
    url = f"{server.url.replace('http', 'ws')}/v2/projects/{project}/subscribe?eventNames=resource.change"
    with connect(url, additional_headers={"Authorization": key.headers["authorization"]}) as stream:
        assert '"ping"' in stream.recv()
        made = tenant.post("/v2/environments", json={"name": "streamed"}).json()
        while True:
            frame = stream.recv(timeout=10)
            if f'"resourceId":"{made["id"]}"' in frame and '"resourceType":"environment"' in frame:
                break
        assert '"resource.change"' in frame
        assert '"name":"streamed"' in frame


def test_strangers_get_no_stream(server):
    with pytest.raises(Exception, match="401"), connect(f"{server.url.replace('http', 'ws')}/v1/subscribe"):
        pass


def test_the_password_opens_too_but_not_to_guessing(own_server):
    password = json.loads((own_server.directory / "admin.json").read_text())["password"]
    assert httpx.get(f"{own_server.url}/v1", auth=("admin", password), timeout=20).status_code == 200
    assert httpx.get(f"{own_server.url}/v1", auth=("admin", password), timeout=20).status_code == 200
    answers = [httpx.get(f"{own_server.url}/v1", auth=("admin", f"no{n}"), timeout=20).status_code for n in range(7)]
    assert answers == [401] * 5 + [429] * 2


def test_open_mode_is_for_this_machine_alone(tmp_path, process):
    server = process(tmp_path / "open", "--access-control=off")
    with pytest.raises(AssertionError, match="listen on loopback addresses only"):
        server.start()
    server.start(loopback_only=True)
    assert httpx.get(f"{server.url}/v1/settings").status_code == 200
    assert httpx.get(f"{server.url}/v1/settings", auth=("wrong", "key")).headers["x-api-account-kind"] == "admin"
    strict = {"X-ENFORCE-AUTHENTICATION": "true"}
    assert httpx.get(f"{server.url}/v1/settings", headers=strict).status_code == 401
    assert httpx.get(f"{server.url}/v1/settings", headers={"Host": "evil.example"}).status_code == 403
    server.stop()
    server.arguments = ()
    with pytest.raises(AssertionError, match="access control is chosen when"):
        server.start()


def test_hosts_are_told_the_address_at_which_the_first_token_was_asked_for(tmp_path, process, wait):
    server = process(tmp_path / "everywhere")
    server.start(everywhere_first=True)
    ca = httpx.get(f"{server.url}/v1/scripts/ca.crt").text
    context = ssl.create_default_context(cadata=ca)
    project = httpx.get(f"{server.url}/v1/projects", auth=server.admin()).json()["data"][0]["id"]
    tokens = f"/v2/projects/{project}/registrationtokens"

    refused = httpx.post(f"{server.url}{tokens}", auth=server.admin())
    assert refused.status_code == 422
    assert "--advertise-url" in refused.json()["message"]
    elsewhere = {"Host": f"orca.example:{server.https_port}"}
    made = httpx.post(
        f"https://localhost:{server.https_port}{tokens}", auth=server.admin(), headers=elsewhere, verify=context
    )
    assert made.status_code == 201, made.text
    with httpx.Client(base_url=server.url, auth=server.admin()) as client:
        token = wait(client, f"{tokens}/{made.json()['id']}", lambda shown: shown["state"] == "active")
    assert token["registrationUrl"].startswith(f"https://orca.example:{server.https_port}/v1/scripts/")
    wait_for_name(server.https_port, context, "orca.example")

    server.stop()
    server.start(everywhere_first=True)
    wait_for_name(server.https_port, context, "orca.example")


def test_a_wrong_address_for_hosts_is_refused(admin):
    answer = admin.put("/v2/settings/api.host", json={"value": "orca.example"})
    assert (answer.status_code, answer.json()["fieldName"]) == (422, "value")
    assert "https://orca.example.com:8080" in answer.json()["message"]


def wait_for_name(port, context, name):
    """Until the listener shows a certificate for that name."""
    deadline = time.monotonic() + 10
    while True:
        with socket.create_connection(("127.0.0.1", port)) as plain:
            try:
                context.wrap_socket(plain, server_hostname=name).close()
                return
            except ssl.SSLCertVerificationError:
                assert time.monotonic() < deadline, f"no certificate for {name}"


BUSY = """
import orca.store.queue as queue, orca.api.stopping as stopping
stopping.LIMIT = 2.0
ordinary = queue.WriteQueue.run
def run(self, job, tx):
    ordinary(self, job, tx)
    while "containers" in job.work.name:
        pass
queue.WriteQueue.run = run
"""


def test_it_stops_while_the_writer_is_busy(process, tmp_path):
    """A unit that never ends holds up neither the end nor, afterwards, the next start; nothing of it is kept."""
    server = process(tmp_path / "data", before=f"exec({BUSY!r})")
    server.start()
    with httpx.Client(base_url=server.url, auth=server.admin()) as client:
        project = client.get("/v2/projects").json()["data"][0]["id"]
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"/v2/projects/{project}/containers", json={"imageUuid": "docker:x"}, timeout=1)
    assert server.stop() == 0
    assert "after the signal to stop" in server.log.read_text()
    server.start()
    with httpx.Client(base_url=server.url, auth=server.admin()) as client:
        assert client.get(f"/v2/projects/{project}/containers").json()["data"] == []


LITTLE_ROOM = "import orca.store.sqlite as s; s.PRAGMAS += ('PRAGMA max_page_count=900',)"


def test_a_full_disk_is_507_in_words_and_the_server_reads_on(process, tmp_path):
    server = process(tmp_path / "data", before=LITTLE_ROOM)
    server.start()
    with httpx.Client(base_url=server.url, auth=server.admin(), timeout=20) as client:
        project = client.get("/v2/projects").json()["data"][0]["id"]
        stacks = f"/v2/projects/{project}/environments"
        for number in range(1000):
            answer = client.post(stacks, json={"name": f"s{number}", "environment": {"a": "x" * 100_000}})
            if answer.status_code != 201:
                break
        assert (answer.status_code, answer.json()["code"]) == (507, "Insufficient Storage")
        assert "disk" in answer.json()["message"]
        shown = client.get(stacks)
        assert (shown.status_code, len(shown.json()["data"])) == (200, min(number, 100))
        assert "orca_database_full 1.0" in client.get("/metrics").text
